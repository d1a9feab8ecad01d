"""Paints what stands out from the wall: balconies, cornices, sills, hoods, bands, pilasters and beams."""

from __future__ import annotations

import numpy as np

from limner.synthetic.canvas import Canvas, Rect
from limner.synthetic.palette import Colour, mixed, pick, scaled, vary
from limner.synthetic.plan import Building, Part
from limner.synthetic.textures import coloured, fine_noise, smooth_noise


def paint_balcony(canvas: Canvas, building: Building, part: Part) -> None:
    """A slab with a railing; its shadow falls on the wall below."""
    rect, palette = _place(canvas, part), building.palette
    slab = max(2, round(rect.height * 0.15))
    depth = canvas.length(0.026)
    floor = Rect(rect.left, rect.bottom - slab, rect.right, rect.bottom)
    canvas.cast(floor, depth)
    rail = Rect(rect.left, rect.top, rect.right, floor.top)
    match part.look:
        case "slab":
            wood = 1.0 if building.style.timber else pick(canvas.detail, (0.0, 0.0, 0.7))
            paint = mixed(palette.wall, palette.shutter, wood)
            _slab(canvas, rail, paint)
        case "glass":
            canvas.tint(rail, 0.75)
            area = canvas.clip(rail)
            canvas.paint[area.top : area.bottom, area.left : area.right] += np.array([0.12, 0.17, 0.18], np.float32)
            canvas.frame(rail, max(1, canvas.length(0.004)), (0.6, 0.62, 0.64))
        case "stone":
            _balusters(canvas, rail, palette.trim)
        case _:
            _iron(canvas, rail, palette.iron, ornate=part.look == "ornate")
    canvas.fill(floor, palette.trim)
    edge = max(1, slab // 3)
    canvas.fill(Rect(floor.left, floor.bottom - edge, floor.right, floor.bottom), scaled(palette.trim, 0.62))
    if canvas.detail.random() < (0.5 if building.style.timber else 0.16):
        _flowers(canvas, rail)


def paint_cornice(canvas: Canvas, building: Building, part: Part) -> None:
    """A profiled band, with brackets when it crowns the wall, and the broad shadow under it."""
    rect, colour = _place(canvas, part), building.palette.trim
    if part.look == "gutter":
        canvas.cast(rect, canvas.length(0.014))
        canvas.fill(rect, scaled(building.palette.roof, 0.7))
        canvas.fill(Rect(rect.left, rect.top, rect.right, rect.top + 1), scaled(building.palette.roof, 1.2))
        return
    crown = part.look == "crown"
    canvas.cast(rect, rect.height * (0.8 if crown else 0.55))
    area = canvas.clip(rect)
    if not area.width or not area.height:
        return
    steps = np.array([1.08, 0.98, 0.80, 1.05, 0.92, 0.66] if crown else [1.08, 1.0, 0.72], np.float32)
    profile = steps[np.minimum(np.arange(area.height) * len(steps) // area.height, len(steps) - 1)]
    grime = 1 + np.float32(0.06) * smooth_noise(canvas.grain, (area.height, area.width), (2, 40))
    canvas.fill(area, coloured(profile[:, None] * grime, colour))
    if crown and rect.height >= 8:
        pitch = max(6, round(rect.height * 0.7))
        low, high = rect.top + rect.height // 2, rect.bottom - 1
        canvas.tint(Rect(rect.left, low, rect.right, high), 0.72)
        for x in range(rect.left, rect.right, pitch):
            bracket = Rect(x, low, x + pitch // 2, high)
            canvas.fill(bracket, scaled(colour, 1.02))
            canvas.tint(Rect(x + pitch // 2 - 1, low, x + pitch // 2, high), 0.7)


def paint_sill(canvas: Canvas, building: Building, part: Part) -> None:
    """A ledge that catches light and drips: a short shadow and a dirty streak below it."""
    rect, colour = _place(canvas, part), building.palette.trim
    streak = Rect(rect.left, rect.bottom, rect.right, rect.bottom + canvas.length(0.035))
    area = canvas.clip(streak)
    if area.width and area.height:
        fade = np.linspace(1, 0, area.height, dtype=np.float32)[:, None]
        drips = np.abs(fine_noise(canvas.grain, (1, area.width), 0.11))
        canvas.tint(area, np.asarray(1 - np.minimum(fade * drips, 0.5), np.float32)[..., None])
    canvas.cast(rect, canvas.length(0.010))
    canvas.fill(rect, scaled(colour, 1.06))
    canvas.fill(Rect(rect.left, rect.bottom - max(1, rect.height // 3), rect.right, rect.bottom), scaled(colour, 0.72))


def paint_decoration(canvas: Canvas, building: Building, part: Part) -> None:
    """A pediment, a straight hood, a lintel with its keystone, or a panel."""
    rect, colour = _place(canvas, part), building.palette.trim
    if part.look == "pediment":
        points = [(x * canvas.side, y * canvas.side) for x, y in part.outline]
        base = Rect(rect.left, rect.bottom - max(1, rect.height // 6), rect.right, rect.bottom)
        canvas.cast(base, canvas.length(0.014))
        canvas.outline(points, colour)
        centre, top, low = sum(x for x, _ in points) / 3, points[1][1], points[0][1]
        gable = [(centre + (x - centre) * 0.62, low - (low - y) * 0.62 - (low - top) * 0.14) for x, y in points]
        canvas.outline(gable, scaled(colour, 0.72))
        canvas.fill(base, scaled(colour, 0.94))
        return
    if part.look == "panel":
        canvas.fill(rect, scaled(colour, 0.9))
        border = max(1, canvas.length(0.005))
        inner = rect.inset(border, border)
        canvas.fill(inner, scaled(building.palette.wall, 0.92))
        canvas.shade(Rect(inner.left, inner.top, inner.right, inner.top + border))
        core = inner.inset(max(1, inner.width // 5), max(1, inner.height // 4))
        canvas.fill(core, colour)
        return
    canvas.cast(rect, canvas.length(0.012 if part.look == "hood" else 0.004))
    canvas.fill(rect, colour)
    canvas.tint(Rect(rect.left, rect.bottom - max(1, rect.height // 4), rect.right, rect.bottom), 0.78)
    if part.look == "lintel":
        middle, half = (rect.left + rect.right) // 2, max(1, rect.height // 3)
        canvas.fill(Rect(middle - half, rect.top - half, middle + half, rect.bottom), scaled(colour, 1.08))
        canvas.tint(Rect(middle + half, rect.top - half, middle + half + 1, rect.bottom), 0.7)


def paint_band(canvas: Canvas, building: Building, part: Part) -> None:
    """A flat band, or a timber beam; beams may slant."""
    rect = _place(canvas, part)
    if part.look == "beam":
        colour = building.palette.beam
        if part.outline:
            canvas.outline([(x * canvas.side, y * canvas.side) for x, y in part.outline], colour)
            return
        _beam(canvas, rect, colour)
        return
    canvas.cast(rect, canvas.length(0.004))
    canvas.fill(rect, building.palette.trim)
    canvas.tint(Rect(rect.left, rect.bottom - max(1, rect.height // 4), rect.right, rect.bottom), 0.8)


def paint_pillar(canvas: Canvas, building: Building, part: Part) -> None:
    """A flat pilaster with base and capital, or an upright beam."""
    rect, colour = _place(canvas, part), building.palette.trim
    if part.look == "beam":
        _beam(canvas, rect, building.palette.beam)
        return
    canvas.cast(rect, canvas.length(0.008))
    canvas.fill(rect, colour)
    area = canvas.clip(rect)
    across = np.arange(area.width, dtype=np.float32) / max(area.width, 1)
    flutes = 0.95 + 0.08 * np.sin(across * 6 * np.pi) * (rect.width >= 10)
    canvas.tint(area, flutes.astype(np.float32)[None, :, None])
    edge = max(1, rect.width // 8)
    dark = Rect(rect.right - edge, rect.top, rect.right, rect.bottom)
    canvas.tint(dark if canvas.light.side < 0 else Rect(rect.left, rect.top, rect.left + edge, rect.bottom), 0.75)
    block = max(2, round(rect.width * 0.7))
    wide = max(1, rect.width // 6)
    for top in (rect.top, rect.bottom - block):
        cap = Rect(rect.left - wide, top, rect.right + wide, top + block)
        canvas.cast(cap, canvas.length(0.006))
        canvas.fill(cap, scaled(colour, 1.03))
        canvas.tint(Rect(cap.left, (cap.top + cap.bottom) // 2, cap.right, (cap.top + cap.bottom) // 2 + 1), 0.7)


def _beam(canvas: Canvas, rect: Rect, colour: Colour) -> None:
    canvas.cast(rect, max(1, canvas.length(0.002)))
    area = canvas.clip(rect)
    upright = rect.height > rect.width
    shape = (area.height, area.width)
    if not area.width or not area.height:
        return
    grain = 1 + 0.25 * smooth_noise(canvas.grain, shape, (3, max(2, shape[1])) if upright else (max(2, shape[0]), 3))
    canvas.fill(area, coloured(np.asarray(grain, np.float32), colour))


def _iron(canvas: Canvas, rail: Rect, colour: Colour, ornate: bool) -> None:
    bar = max(1, canvas.length(0.0024))
    pitch = max(bar + 2, canvas.length(0.0105))
    for x in range(rail.left, rail.right, pitch):
        canvas.fill(Rect(x, rail.top, x + bar, rail.bottom), colour)
    canvas.fill(Rect(rail.left, rail.top, rail.right, rail.top + max(1, canvas.length(0.0045))), colour)
    canvas.fill(Rect(rail.left, rail.bottom - 2 * bar, rail.right, rail.bottom - bar), colour)
    if ornate and rail.height > 6:
        middle = (rail.top + rail.bottom) // 2
        canvas.fill(Rect(rail.left, middle - pitch // 2, rail.right, middle - pitch // 2 + bar), colour)
        for index, x in enumerate(range(rail.left, rail.right, pitch)):
            if index % 2:
                canvas.fill(Rect(x - pitch // 2, middle, x + pitch // 2 + bar, middle + max(2, pitch // 2)), colour)


def _slab(canvas: Canvas, rail: Rect, colour: Colour) -> None:
    canvas.fill(rail, colour)
    area = canvas.clip(rail)
    if area.width and area.height:
        stain = 1 + 0.10 * smooth_noise(canvas.grain, (area.height, area.width), (3, 20))
        canvas.tint(area, np.asarray(stain, np.float32)[..., None])
    canvas.fill(Rect(rail.left, rail.top, rail.right, rail.top + max(1, rail.height // 10)), scaled(colour, 1.15))


def _balusters(canvas: Canvas, rail: Rect, colour: Colour) -> None:
    canvas.tint(rail, 0.55)
    canvas.shade(rail, 0.3)
    pitch = max(3, canvas.length(0.013))
    band = max(1, rail.height // 6)
    for x in range(rail.left, rail.right, pitch):
        belly = (rail.top + rail.bottom) // 2
        canvas.fill(Rect(x, rail.top, x + max(1, pitch // 2), rail.bottom), colour)
        canvas.fill(Rect(x - pitch // 6, belly, x + pitch // 2 + pitch // 6, belly + band * 2), scaled(colour, 1.03))
    canvas.fill(Rect(rail.left, rail.top, rail.right, rail.top + band), scaled(colour, 1.06))
    canvas.fill(Rect(rail.left, rail.bottom - band, rail.right, rail.bottom), scaled(colour, 0.95))


def _flowers(canvas: Canvas, rail: Rect) -> None:
    """A box of flowers along the top of a railing."""
    size = max(2, canvas.length(0.007))
    bloom = vary(canvas.detail, pick(canvas.detail, ("#c8283c", "#d86a9a", "#e8b030", "#ece6ee")), 0.05)
    for x in range(rail.left, rail.right - size, size):
        y = rail.top - round(size * canvas.grain.uniform(-0.6, 1.0))
        paint = bloom if canvas.grain.random() < 0.45 else (0.14, 0.30 + 0.1 * canvas.grain.random(), 0.12)
        canvas.fill(Rect(x, y, x + size, y + size), paint)


def _place(canvas: Canvas, part: Part) -> Rect:
    return canvas.rect(part.box.left, part.box.top, part.box.right, part.box.bottom)
