"""Paints windows, doors and shutters."""

from __future__ import annotations

import numpy as np

from limner.synthetic.canvas import Canvas, Rect
from limner.synthetic.palette import Colour, mixed, pick, scaled, vary
from limner.synthetic.plan import Building, Part
from limner.synthetic.textures import Floats, coloured

_LAMPLIGHT = ("#ffc870", "#ffdf9e", "#ffb85a", "#ffe9c4", "#f4e8d8", "#b8c8f0")


def paint_window(canvas: Canvas, building: Building, part: Part) -> None:
    """Surround, glass with what is behind it and mirrored in it, frame and bars, and the shadow of the reveal."""
    palette, box = building.palette, part.box
    rect = canvas.rect(box.left, box.top, box.right, box.bottom)
    saved = canvas.copy(rect)
    thick = max(1, round(min(rect.width, rect.height) * 0.07))
    if part.look not in ("ribbon", "plain") and not building.style.timber:
        around = Rect(rect.left - thick, rect.top - thick, rect.right + thick, rect.bottom)
        surround = part.look != "arched" and building.style.name != "brick"
        if surround:
            canvas.frame(around, thick, palette.trim)
    count = max(2, round(rect.width / max(rect.height, 1) / 0.8)) if part.look == "ribbon" else 1
    for index in range(count):
        left = rect.left + rect.width * index // count
        right = rect.left + rect.width * (index + 1) // count
        _pane(canvas, Rect(left, rect.top, right, rect.bottom))
    _bars(canvas, rect, part.look, thick, palette.frame, count)
    recess = max(1, round(thick * 1.1 * canvas.light.drop))
    canvas.shade(Rect(rect.left, rect.top, rect.right, rect.top + recess))
    side = max(1, round(thick * 1.1 * canvas.light.slant))
    if canvas.light.side < 0:
        canvas.shade(Rect(rect.left, rect.top, rect.left + side, rect.bottom))
    else:
        canvas.shade(Rect(rect.right - side, rect.top, rect.right, rect.bottom))
    canvas.tint(Rect(rect.left, rect.top, rect.right, rect.top + max(1, thick // 2)), 0.6)
    if part.look == "arched":
        _round_top(canvas, rect, saved)


def paint_door(canvas: Canvas, building: Building, part: Part) -> None:
    """A door of one or two leaves with panels, a light above it, a surround, a step and a lamp."""
    palette, box = building.palette, part.box
    rect = canvas.rect(box.left, box.top, box.right, box.bottom)
    saved = canvas.copy(rect)
    thick = max(1, round(rect.width * 0.06))
    canvas.frame(Rect(rect.left - thick, rect.top - thick, rect.right + thick, rect.bottom), thick, palette.trim)
    canvas.fill(rect, scaled(palette.door, 0.75))
    inner = Rect(rect.left + thick, rect.top + thick, rect.right - thick, rect.bottom)
    transom = inner.top + round(rect.height * (0.3 if part.look == "arched" else 0.2))
    _pane(canvas, Rect(inner.left, inner.top, inner.right, transom - thick), bias=0.5)
    leaves = 2 if rect.width > rect.height * 0.5 else 1
    for leaf in range(leaves):
        left = inner.left + inner.width * leaf // leaves
        right = inner.left + inner.width * (leaf + 1) // leaves - (1 if leaf + 1 < leaves else 0)
        _leaf(canvas, Rect(left, transom, right, inner.bottom), palette.door, part.look == "glazed")
    canvas.shade(Rect(rect.left, rect.top, rect.right, rect.top + round(thick * 1.6 * canvas.light.drop)))
    step = max(1, round(rect.height * 0.035))
    canvas.fill(
        Rect(rect.left - thick * 2, rect.bottom - step, rect.right + thick * 2, rect.bottom), scaled(palette.trim, 0.85)
    )
    if part.look == "arched":
        _round_top(canvas, rect, saved)
    canvas.lamps.append(((rect.left + rect.right) / 2 / canvas.side, rect.top / canvas.side, 0.16))


def paint_shutter(canvas: Canvas, building: Building, part: Part) -> None:
    """Slatted leaves beside a window, closed ones over it, or a roller blind."""
    colour, box = building.palette.shutter, part.box
    rect = canvas.rect(box.left, box.top, box.right, box.bottom)
    if part.look == "blind":
        canvas.fill(rect, colour)
        _stripes(canvas, rect, max(2, canvas.length(0.009)), 0.8)
        canvas.fill(Rect(rect.left, rect.bottom - canvas.length(0.004), rect.right, rect.bottom), scaled(colour, 0.7))
        canvas.cast(Rect(rect.left, rect.bottom - 1, rect.right, rect.bottom), canvas.length(0.006))
        return
    leaves = 2 if part.look == "closed" else 1
    for leaf in range(leaves):
        left, right = (rect.left + rect.width * (leaf + step) // leaves for step in (0, 1))
        one = Rect(left, rect.top, right, rect.bottom)
        canvas.cast(one, canvas.length(0.005))
        canvas.fill(one, colour)
        border = max(1, round(one.width * 0.14))
        slats = one.inset(border, border)
        _stripes(canvas, slats, max(2, canvas.length(0.0115)), 0.62)
        rail = (slats.top + slats.bottom) // 2
        canvas.fill(Rect(one.left, rail, one.right, rail + border), colour)
        canvas.tint(Rect(one.right - 1, one.top, one.right, one.bottom), 0.7)


def _pane(canvas: Canvas, rect: Rect, bias: float = 0.0) -> None:
    """Glass: dark room, curtains, sky and the house opposite mirrored in it; at night perhaps a lamp behind it."""
    rng = canvas.detail
    chance, depth, mirrored, cloth, horizon, lamp = rng.random(6)
    curtain, tone = pick(rng, ("none", "sides", "lace", "blind", "sides")), vary(rng, "#d8d2c4", 0.1)
    light = vary(rng, pick(rng, _LAMPLIGHT), 0.04)
    area = canvas.clip(rect)
    if not area.width or not area.height:
        return
    rows = np.linspace(0, 1, area.height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, area.width, dtype=np.float32)[None, :]
    cover = _curtain(rows, columns, curtain, cloth, rect.width)
    edge = np.float32(0.25 + 0.6 * horizon) + np.float32(0.06) * np.sign(np.sin(columns * 9 + np.float32(7 * depth)))
    mirror = np.clip((edge - rows) * 7, 0, 1) * np.float32(0.15 + 0.6 * mirrored**2)
    mirror += (np.abs(columns + np.float32(0.6) * rows - np.float32(1.4 * chance + 0.1)) < 0.12) * np.float32(0.10)
    through = 1 - mirror
    room = through * (1 - cover) * (np.float32(0.05 + 0.10 * depth) * (np.float32(1.15) - np.float32(0.5) * rows))
    cloths = through * cover
    glass = np.empty((area.height, area.width, 3), np.float32)
    brightness = 0.55 + 0.3 * depth
    for channel, (air, fabric, sky) in enumerate(zip((0.95, 1.0, 1.05), tone, _mirrored_sky(canvas), strict=True)):
        layer = room * np.float32(air)
        layer += cloths * np.float32(fabric * brightness)
        layer += mirror * np.float32(sky)
        glass[..., channel] = layer
    canvas.fill(area, glass)
    if chance < canvas.lit + bias:
        across, along = (columns - np.float32(0.5)) / np.float32(0.55), (rows - np.float32(0.3 + 0.4 * lamp)) / 0.6
        fall = np.float32(0.55) + np.float32(0.45) * np.exp(-(across**2) - along**2)
        canvas.shine(area, coloured(np.float32(0.6 + 0.5 * lamp) * fall * (1 - np.float32(0.35) * cover), light))


def _mirrored_sky(canvas: Canvas) -> Colour:
    """What glass mirrors: the sky's light, a little blue."""
    return mixed(canvas.light.ambient, (0.80, 0.90, 1.0), 0.6)


def _curtain(rows: Floats, columns: Floats, kind: str, cloth: float, width: int) -> Floats:
    """(height, width) in 0..1: how much of the room a curtain hides."""
    folds = np.float32(0.82) + np.float32(0.18) * np.sin(columns * max(width, 4) * 1.3)
    match kind:
        case "sides":
            hidden = np.abs(columns - 0.5) > 0.5 - (0.14 + 0.2 * cloth) * (0.75 + 0.4 * rows)
            return np.asarray(hidden * folds * 0.85, np.float32)
        case "lace":
            return np.asarray((rows > 0.35 + 0.3 * cloth) * folds * 0.6, np.float32)
        case "blind":
            return np.asarray((rows < 0.2 + 0.5 * cloth) * (0.9 + 0 * columns), np.float32)
    return np.zeros((rows.shape[0], columns.shape[1]), np.float32)


def _bars(canvas: Canvas, rect: Rect, look: str, thick: int, colour: Colour, count: int) -> None:
    thin = max(1, round(thick * 0.55))
    canvas.frame(rect, thick, colour)
    x, y = (rect.left + rect.right) // 2, rect.top
    match look:
        case "sash" | "arched":
            middle = (rect.top + rect.bottom) // 2
            canvas.fill(Rect(rect.left, middle, rect.right, middle + thick), colour)
            canvas.tint(Rect(rect.left, middle + thick, rect.right, middle + thick + thin), 0.7)
            canvas.fill(Rect(x - thin // 2, y, x - thin // 2 + thin, middle), colour)
            if look == "sash":
                canvas.fill(Rect(x - thin // 2, middle, x - thin // 2 + thin, rect.bottom), colour)
        case "casement" | "french":
            cross = rect.top + round(rect.height * 0.3)
            canvas.fill(Rect(x - thick // 2, y, x - thick // 2 + thick, rect.bottom), colour)
            canvas.fill(Rect(rect.left, cross, rect.right, cross + thick), colour)
            for part in (0.55, 0.78) if look == "french" else (0.65,):
                bar = rect.top + round(rect.height * part)
                canvas.fill(Rect(rect.left, bar, rect.right, bar + thin), colour)
        case "lattice":
            for column in range(1, 4):
                bar = rect.left + rect.width * column // 4
                wide = thick if column == 2 else thin
                canvas.fill(Rect(bar - wide // 2, y, bar - wide // 2 + wide, rect.bottom), colour)
            for row in range(1, 4):
                bar = rect.top + rect.height * row // 4
                canvas.fill(Rect(rect.left, bar, rect.right, bar + thin), colour)
        case "ribbon":
            for index in range(1, count):
                bar = rect.left + rect.width * index // count
                canvas.fill(Rect(bar - thin, y, bar + thin, rect.bottom), colour)
        case _:
            third = rect.left + rect.width * 2 // 3
            canvas.fill(Rect(third, y, third + thick, rect.bottom), colour)


def _leaf(canvas: Canvas, rect: Rect, colour: Colour, glazed: bool) -> None:
    canvas.fill(rect, colour)
    margin = max(1, round(rect.width * 0.14))
    if glazed:
        _pane(canvas, rect.inset(margin // 2 + 1, margin))
        return
    top = rect.top
    for share in (0.45, 0.15, 0.40):
        bottom = top + round(rect.height * share)
        panel = Rect(rect.left + margin, top + margin, rect.right - margin, bottom - margin // 2)
        if panel.width > 2 and panel.height > 2:
            canvas.fill(panel, scaled(colour, 1.12))
            canvas.fill(Rect(panel.left, panel.top, panel.right, panel.top + 1), scaled(colour, 0.55))
            canvas.fill(Rect(panel.left, panel.top, panel.left + 1, panel.bottom), scaled(colour, 0.7))
            canvas.fill(Rect(panel.left, panel.bottom - 1, panel.right, panel.bottom), scaled(colour, 1.5))
        top = bottom
    handle = (rect.top + rect.bottom) // 2
    canvas.fill(
        Rect(rect.right - margin, handle, rect.right - margin // 2, handle + max(1, margin // 2)), (0.78, 0.66, 0.36)
    )


def _stripes(canvas: Canvas, rect: Rect, period: int, dark: float) -> None:
    """Horizontal slats: the lower half of every period is darker."""
    area = canvas.clip(rect)
    rows = np.arange(area.height) % period
    canvas.tint(area, np.where(rows >= period - max(1, period // 3), dark, 1.0).astype(np.float32)[:, None, None])


def _round_top(canvas: Canvas, rect: Rect, saved: tuple[Floats, Floats, Floats]) -> None:
    """Give the opening a round head: outside the arch the wall shows again."""
    area = canvas.clip(rect)
    radius = rect.width / 2
    rise = min(radius, rect.height * 0.3)
    ys = np.arange(area.top, area.bottom, dtype=np.float32)[:, None] + 0.5 - (rect.top + rise)
    xs = np.arange(area.left, area.right, dtype=np.float32)[None, :] + 0.5 - (rect.left + radius)
    canvas.restore(rect, saved, (ys < 0) & ((xs / radius) ** 2 + (ys / rise) ** 2 > 1))
