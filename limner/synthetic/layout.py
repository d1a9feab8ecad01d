"""Where the parts of one building stand: walls, roof, bands, pilasters and beams around the storeys."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from limner.synthetic.labels import Label
from limner.synthetic.palette import draw_palette, pick
from limner.synthetic.plan import ROOF_HEIGHTS, Building, Plan, draw_plan
from limner.synthetic.storeys import add_ground_floor, add_storey
from limner.synthetic.styles import Style

_BACK_TO_FRONT = (
    Label.FACADE,
    Label.ROOF,
    Label.MOLDING,
    Label.PILLAR,
    Label.DECORATION,
    Label.WINDOW,
    Label.DOOR,
    Label.SHUTTER,
    Label.SHOP,
    Label.SILL,
    Label.BALCONY,
    Label.CORNICE,
)


def draw_building(rng: np.random.Generator, style: Style, left: float, right: float, street: float) -> Building:
    """A building of a style between two x positions, standing on the street."""
    palette = draw_palette(rng, style)
    plan = draw_plan(rng, style, left, right, street)
    _add_walls(plan)
    _add_roof(plan)
    for storey in range(len(plan.floors) - 2):
        add_storey(plan, storey)
    add_ground_floor(plan)
    _add_bands(plan)
    if style.timber:
        _add_timber(plan)
    elif plan.rng.random() < style.pillars:
        _add_pillars(plan)
    parts = tuple(sorted(plan.parts, key=lambda part: _BACK_TO_FRONT.index(part.label)))
    return Building(style, palette, plan.box, parts)


def _add_walls(plan: Plan) -> None:
    box, ground = plan.box, plan.floors[-2]
    plan.add(Label.FACADE, box.left, box.top, box.right, ground, plan.texture)
    plan.add(Label.FACADE, box.left, ground, box.right, box.bottom, f"{plan.base} base")


def _add_roof(plan: Plan) -> None:
    height = min(plan.box.top - 0.02, ROOF_HEIGHTS[plan.roof])
    if plan.roof == "gable":
        gables = 1 if plan.box.width < 0.75 else pick(plan.rng, (1, 2, 2))
        span = plan.box.width / gables
        for index in range(gables):
            _add_gable(plan, plan.box.left + span * index, span, min(height, span * 0.62))
    elif height >= 0.03:
        _add_eaves_roof(plan, height)


def _add_gable(plan: Plan, left: float, span: float, height: float) -> None:
    """A gable wall with its window, under the edge of a roof that runs away from us."""
    middle, right, eaves, thick = left + span / 2, left + span, plan.box.top, 0.028
    peak = max(0.015, eaves - height)
    plan.add_outline(Label.FACADE, ((left, eaves), (middle, peak), (right, eaves)), plan.texture)
    over = ((left - thick, eaves), (middle, peak - thick), (right + thick, eaves))
    under = ((right, eaves), (middle, peak + thick / 2), (left, eaves))
    plan.add_outline(Label.ROOF, (*over, *under), "verge")
    half, rise = span * plan.window_width * 0.16, eaves - peak
    plan.add(Label.WINDOW, middle - half, eaves - rise * 0.52, middle + half, eaves - rise * 0.18, plan.glazing)


def _add_eaves_roof(plan: Plan, height: float) -> None:
    """A roof that slopes towards us, with chimneys and dormers."""
    box, rng = plan.box, plan.rng
    top, lean = box.top - height, 0.025 if plan.roof == "mansard" else 0.06
    for x in rng.uniform(box.left + 0.05, box.right - 0.08, int(rng.integers(0, 4))):
        chimney = max(0.0, top - rng.uniform(0.02, 0.05))
        plan.add(Label.ROOF, x, chimney, x + rng.uniform(0.03, 0.06), top + 0.02, "chimney")
    corners = ((box.left, box.top), (box.left + lean, top), (box.right - lean, top), (box.right, box.top))
    plan.add_outline(Label.ROOF, corners, plan.covering)
    if rng.random() > (0.95 if plan.roof == "mansard" else 0.5):
        return
    for left, right in list(pairwise(plan.edges))[:: pick(rng, (1, 1, 2))]:
        middle, half = (left + right) / 2, min((right - left) * 0.2, height * 0.35)
        cheek = half * 1.35
        if middle - cheek > box.left + lean and middle + cheek < box.right - lean:
            plan.add(Label.ROOF, middle - cheek, box.top - height * 0.86, middle + cheek, box.top, "dormer")
            head, foot = box.top - height * 0.68, box.top - height * 0.08
            plan.add(Label.WINDOW, middle - half, head, middle + half, foot, "casement")


def _add_bands(plan: Plan) -> None:
    box, rng, style = plan.box, plan.rng, plan.style
    storey = plan.floors[1] - plan.floors[0]
    if rng.random() < style.crown:
        height = storey * rng.uniform(0.10, 0.2)
        over = 0.012 if plan.roof != "flat" else 0.008
        plan.add(
            Label.CORNICE, box.left - over, box.top - height * 0.4, box.right + over, box.top + height * 0.6, "crown"
        )
    elif plan.roof != "gable":
        plan.add(Label.CORNICE, box.left - 0.006, box.top - 0.006, box.right + 0.006, box.top + 0.008, "gutter")
    if style.timber:
        return
    for floor in plan.floors[1:-2]:
        if rng.random() < style.courses:
            plan.add(Label.CORNICE, box.left, floor - storey * 0.03, box.right, floor + storey * 0.03, "course")
        elif style.courses and rng.random() < 0.3:
            plan.add(Label.MOLDING, box.left, floor - storey * 0.02, box.right, floor + storey * 0.02, "band")
    if rng.random() < 0.3 + style.courses:
        floor = plan.floors[-2]
        plan.add(Label.CORNICE, box.left, floor - storey * 0.03, box.right, floor + storey * 0.04, "course")


def _add_pillars(plan: Plan) -> None:
    top, bottom = plan.floors[0], plan.floors[-2]
    if bottom - top < 0.1:
        return
    half = (plan.edges[1] - plan.edges[0]) * plan.rng.uniform(0.06, 0.09)
    only_ends = plan.style.name != "palace"
    edges = (plan.edges[0], plan.edges[-1]) if only_ends else plan.edges
    for x in edges:
        plan.add(Label.PILLAR, x - half, top, x + half, plan.box.bottom if only_ends else bottom, "flat")


def _add_timber(plan: Plan) -> None:
    rng, box = plan.rng, plan.box
    storey = plan.floors[1] - plan.floors[0]
    thick = storey * rng.uniform(0.045, 0.065)
    stone_base = plan.base != "plaster"
    bottom = plan.floors[-2] if stone_base else box.bottom
    floors = [floor for floor in plan.floors if floor <= bottom + 1e-6]
    for floor in floors:
        plan.add(Label.MOLDING, box.left, floor - thick / 2, box.right, floor + thick / 2, "beam")
    braced = pick(rng, ("cross", "slant", "none", "slant"))
    for x in plan.edges:
        plan.add(Label.PILLAR, x - thick / 2, box.top, x + thick / 2, bottom, "beam")
    for top, low in pairwise(floors):
        middle = low - (low - top) * 0.24
        plan.add(Label.MOLDING, box.left, middle - thick / 3, box.right, middle + thick / 3, "beam")
        for index, (left, right) in enumerate(pairwise(plan.edges)):
            slope = thick * 0.45
            if braced == "cross" or (braced == "slant" and index % 2 == 0):
                points = ((left, middle), (left + slope, middle), (right, low), (right - slope, low))
                plan.add_outline(Label.MOLDING, points, "beam")
            if braced == "cross" or (braced == "slant" and index % 2):
                points = ((right, middle), (right - slope, middle), (left, low), (left + slope, low))
                plan.add_outline(Label.MOLDING, points, "beam")
