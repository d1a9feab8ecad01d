"""Paints shops: the window with its goods, the fascia with its lettering, the awning."""

from __future__ import annotations

import numpy as np

from limner.synthetic.canvas import Canvas, Rect
from limner.synthetic.palette import Colour, pick, scaled, vary
from limner.synthetic.plan import Building, Part
from limner.synthetic.textures import coloured

_WOODS = ("#2c2620", "#20342c", "#3a1f1c", "#22283a", "#d8d2c6", "#55524c")


def paint_shop(canvas: Canvas, building: Building, part: Part) -> None:
    """A shop front; at night its window is lit and light falls on the pavement."""
    palette, box = building.palette, part.box
    rect = canvas.rect(box.left, box.top, box.right, box.bottom)
    wood = vary(canvas.detail, pick(canvas.detail, _WOODS), 0.04)
    canvas.fill(rect, wood)
    fascia = rect.top + round(rect.height * 0.2)
    frame = max(1, round(rect.height * 0.03))
    glass = Rect(rect.left + frame * 2, fascia + frame, rect.right - frame * 2, rect.bottom - round(rect.height * 0.16))
    has_door = rect.width > rect.height * 0.7
    door = max(glass.left + 2, glass.right - round(rect.height * 0.36)) if has_door else glass.right
    _display(canvas, Rect(glass.left, glass.top, door - frame, glass.bottom))
    if door < glass.right:
        _display(canvas, Rect(door, glass.top, glass.right, rect.bottom - round(rect.height * 0.06)))
    _panels(canvas, Rect(rect.left, glass.bottom + frame, door, rect.bottom), wood)
    canvas.shade(Rect(glass.left, glass.top, glass.right, glass.top + frame * 2))
    _sign(canvas, Rect(rect.left, rect.top, rect.right, fascia), palette.sign)
    if "awning" in part.look:
        _awning(canvas, Rect(rect.left, fascia - frame, rect.right, fascia + round(rect.height * 0.22)), palette.awning)
    canvas.lamps.append(((rect.left + rect.right) / 2 / canvas.side, rect.bottom / canvas.side, 0.14))


def _display(canvas: Canvas, rect: Rect) -> None:
    """Goods on shelves behind glass."""
    light = vary(canvas.detail, pick(canvas.detail, ("#ffe2b0", "#fff2da", "#e8f0ff")), 0.03)
    open_late = canvas.detail.random() < 0.75
    area = canvas.clip(rect)
    if not area.width or not area.height:
        return
    rows = np.linspace(0, 1, area.height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, area.width, dtype=np.float32)[None, :]
    mirrored = (np.abs(columns + np.float32(0.5) * rows - np.float32(0.8)) < 0.1) * np.float32(0.10)
    canvas.fill(area, coloured(np.float32(0.20) - np.float32(0.10) * rows + mirrored, (0.95, 1.0, 1.05)))
    size = max(2, canvas.length(0.013))
    for shelf in (0.62, 0.9):
        y = area.top + round(area.height * shelf)
        canvas.fill(Rect(area.left, y, area.right, y + 1), (0.35, 0.32, 0.28))
        for x in range(area.left + 1, area.right - size, size):
            if canvas.grain.random() < 0.75:
                red, green, blue = (float(part) for part in canvas.grain.uniform(0.12, 0.62, 3))
                top = y - round(size * canvas.grain.uniform(0.6, 1.7))
                canvas.fill(Rect(x, top, x + size - 1, y), (red, green, blue))
    if open_late:
        view = canvas.paint[area.top : area.bottom, area.left : area.right]
        canvas.shine(area, np.asarray((0.45 + view * 1.1) * np.asarray(light, np.float32), np.float32))


def _panels(canvas: Canvas, rect: Rect, wood: Colour) -> None:
    width = max(3, canvas.length(0.035))
    for left in range(rect.left + 2, rect.right - width, width):
        panel = Rect(left, rect.top + 2, left + width - 2, rect.bottom - 2)
        if panel.height > 1:
            canvas.frame(panel, 1, scaled(wood, 0.6))


def _sign(canvas: Canvas, rect: Rect, colour: Colour) -> None:
    canvas.fill(rect, colour)
    canvas.fill(Rect(rect.left, rect.bottom - max(1, rect.height // 8), rect.right, rect.bottom), scaled(colour, 0.6))
    canvas.fill(Rect(rect.left, rect.top, rect.right, rect.top + max(1, rect.height // 8)), scaled(colour, 1.25))
    bright = sum(colour) > 1.5
    ink = (0.12, 0.10, 0.10) if bright else (0.92, 0.86, 0.68)
    high = max(2, rect.height // 2)
    stroke = max(1, high // 4)
    x, end = rect.left + rect.width // 6, rect.right - rect.width // 6 - high
    y = rect.top + (rect.height - high) // 2
    while x < end:
        wide = round(high * canvas.detail.uniform(0.45, 0.75))
        if canvas.detail.random() < 0.85:
            _letter(canvas, Rect(x, y, x + wide, y + high), stroke, ink)
        x += wide + stroke


def _letter(canvas: Canvas, rect: Rect, stroke: int, ink: Colour) -> None:
    """Strokes that look like a letter from the other side of the street."""
    canvas.fill(Rect(rect.left, rect.top, rect.left + stroke, rect.bottom), ink)
    middle = (rect.top + rect.bottom - stroke) // 2
    for y in (rect.top, middle, rect.bottom - stroke):
        if canvas.detail.random() < 0.55:
            canvas.fill(Rect(rect.left, y, rect.right, y + stroke), ink)
    if canvas.detail.random() < 0.5:
        canvas.fill(Rect(rect.right - stroke, rect.top, rect.right, rect.bottom), ink)


def _awning(canvas: Canvas, rect: Rect, colour: Colour) -> None:
    canvas.cast(rect, canvas.length(0.035))
    canvas.shade(Rect(rect.left, rect.bottom, rect.right, rect.bottom + canvas.length(0.025)))
    stripe = max(2, canvas.length(0.02))
    pale = (0.90, 0.88, 0.82) if canvas.detail.random() < 0.7 else scaled(colour, 0.9)
    for index, left in enumerate(range(rect.left, rect.right, stripe)):
        right = min(left + stripe, rect.right)
        drop = max(1, stripe // 3) if index % 2 else max(1, stripe // 5)
        canvas.fill(Rect(left, rect.top, right, rect.bottom + drop), pale if index % 2 else colour)
    area = canvas.clip(Rect(rect.left, rect.top, rect.right, rect.bottom))
    slope = np.linspace(1.05, 0.85, max(area.height, 1), dtype=np.float32)[: area.height, None, None]
    canvas.tint(area, slope)
    canvas.tint(Rect(rect.left, rect.bottom, rect.right, rect.bottom + stripe // 3), 0.75)
