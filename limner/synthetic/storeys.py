"""What fills the bays of each storey: windows with what belongs to them, doors and shops."""

from __future__ import annotations

from itertools import pairwise

from limner.synthetic.labels import Label
from limner.synthetic.palette import pick
from limner.synthetic.plan import Plan


def add_storey(plan: Plan, storey: int) -> None:
    """Windows of one storey above the ground floor (0 is the highest), with sills, hoods, shutters and balconies."""
    rng, style = plan.rng, plan.style
    top, bottom = plan.floors[storey], plan.floors[storey + 1]
    height = bottom - top
    tall = height * plan.window_height * (1.0 if storey else rng.uniform(0.8, 1.0))
    head = (
        bottom - tall - (0.02 * height if plan.glazing == "french" else 0.22 * height * (1 - plan.window_height) / 0.4)
    )
    foot = head + tall
    half = (plan.edges[1] - plan.edges[0]) * plan.window_width / 2
    if plan.glazing == "ribbon":
        _add_ribbon(plan, head, foot)
        return
    long_balcony = rng.random() < style.long_balconies
    lowest = storey == len(plan.floors) - 3
    for bay, (left, right) in enumerate(pairwise(plan.edges)):
        middle = (left + right) / 2
        balcony = bay in plan.balcony_bays and not (lowest and rng.random() < 0.5)
        if balcony and style.name == "modernist":
            _add_loggia(plan, left, right, head, bottom)
            continue
        plan.add(Label.WINDOW, middle - half, head, middle + half, foot, plan.glazing)
        if plan.shuttered:
            _add_shutters(plan, middle, half, (left, right), head, foot)
        if plan.hooded:
            _add_hood(plan, middle, half, head, height, bay)
        if long_balcony:
            continue
        if balcony:
            reach = min(half * 1.5, (right - left) * 0.48)
            plan.add(
                Label.BALCONY, middle - reach, foot - height * 0.26, middle + reach, foot + height * 0.05, plan.railing
            )
        elif plan.glazing == "french":
            plan.add(Label.BALCONY, middle - half, foot - height * 0.2, middle + half, foot, plan.railing)
        elif plan.sills:
            plan.add(Label.SILL, middle - half * 1.2, foot, middle + half * 1.2, foot + height * 0.045, "sill")
        if rng.random() < style.panels and not balcony:
            plan.add(
                Label.DECORATION, middle - half, foot + height * 0.07, middle + half, bottom - height * 0.05, "panel"
            )
    if long_balcony:
        low = foot + height * 0.04
        plan.add(Label.BALCONY, plan.edges[0], low - height * 0.28, plan.edges[-1], low, plan.railing)


def add_ground_floor(plan: Plan) -> None:
    """Doors, shops and windows of the ground floor."""
    rng = plan.rng
    top, bottom = plan.floors[-2], plan.floors[-1]
    height = bottom - top
    bays = list(pairwise(plan.edges))
    door = int(rng.integers(0, len(bays)))
    shops = rng.random() < plan.style.shops
    bay = 0
    while bay < len(bays):
        left, right = bays[bay]
        middle, half = (left + right) / 2, (right - left) * plan.window_width / 2
        if bay == door:
            wide = min((right - left) * 0.3, height * rng.uniform(0.17, 0.27))
            kind = "arched" if plan.style.name in ("palace", "haussmann") or plan.glazing == "arched" else "panelled"
            kind = "glazed" if plan.style.name == "modernist" else kind
            plan.add(Label.DOOR, middle - wide, bottom - height * rng.uniform(0.66, 0.78), middle + wide, bottom, kind)
        elif shops:
            span = 2 if bay + 1 < len(bays) and bay + 1 != door and rng.random() < 0.6 else 1
            gap = (right - left) * 0.05
            plan.add(Label.SHOP, left + gap, top + height * 0.13, bays[bay + span - 1][1] - gap, bottom, _shop(plan))
            bay += span
            continue
        else:
            head, foot = top + height * 0.24, bottom - height * 0.26
            kind = "plain" if plan.glazing == "ribbon" else "casement" if plan.glazing == "french" else plan.glazing
            plan.add(Label.WINDOW, middle - half, head, middle + half, foot, kind)
            if plan.sills:
                plan.add(Label.SILL, middle - half * 1.2, foot, middle + half * 1.2, foot + height * 0.04, "sill")
            if plan.shuttered and plan.style.name != "modernist":
                _add_shutters(plan, middle, half, (left, right), head, foot)
        bay += 1


def _shop(plan: Plan) -> str:
    return pick(plan.rng, ("awning", "sign", "awning", "sign", "sign awning"))


def _add_ribbon(plan: Plan, head: float, foot: float) -> None:
    plan.add(Label.WINDOW, plan.edges[0], head, plan.edges[-1], foot, "ribbon")
    for bay, (left, right) in enumerate(pairwise(plan.edges)):
        if bay in plan.balcony_bays:
            plan.add(Label.BALCONY, left, foot - (foot - head) * 0.4, right, foot + (foot - head) * 0.3, plan.railing)
        elif plan.shuttered and plan.rng.random() < 0.3:
            low = head + (foot - head) * plan.rng.uniform(0.3, 0.9)
            plan.add(Label.SHUTTER, left, head, right, low, "blind")


def _add_loggia(plan: Plan, left: float, right: float, head: float, bottom: float) -> None:
    """A deep balcony of a modernist block with a glass door behind it."""
    inset = (right - left) * 0.06
    plan.add(Label.WINDOW, left + inset, head, right - inset, bottom - (bottom - head) * 0.06, "plain")
    if plan.shuttered and plan.rng.random() < 0.5:
        low = head + (bottom - head) * plan.rng.uniform(0.2, 0.6)
        plan.add(Label.SHUTTER, left + inset, head, right - inset, low, "blind")
    plan.add(Label.BALCONY, left + inset / 3, bottom - (bottom - head) * 0.42, right - inset / 3, bottom, plan.railing)


def _add_shutters(plan: Plan, middle: float, half: float, bay: tuple[float, float], head: float, foot: float) -> None:
    if plan.style.name == "modernist":
        if plan.rng.random() < 0.4:
            low = head + (foot - head) * plan.rng.uniform(0.25, 0.9)
            plan.add(Label.SHUTTER, middle - half, head, middle + half, low, "blind")
        return
    if plan.rng.random() < 0.06:
        plan.add(Label.SHUTTER, middle - half, head, middle + half, foot, "closed")
        return
    leaf = min(half * 0.9, ((bay[1] - bay[0]) / 2 - half) * 0.85)
    plan.add(Label.SHUTTER, middle - half - leaf, head, middle - half, foot, "leaf")
    plan.add(Label.SHUTTER, middle + half, head, middle + half + leaf, foot, "leaf")


def _add_hood(plan: Plan, middle: float, half: float, head: float, height: float, bay: int) -> None:
    if plan.style.name == "palace" and plan.glazing != "arched":
        wide, low = half * 1.35, head - height * 0.03
        if bay % 2 == 0:
            peak = head - height * 0.17
            points = ((middle - wide, low), (middle, peak), (middle + wide, low))
            plan.add_outline(Label.DECORATION, points, "pediment")
        else:
            plan.add(Label.DECORATION, middle - wide, low - height * 0.07, middle + wide, low, "hood")
    elif plan.glazing != "arched":
        plan.add(Label.DECORATION, middle - half * 1.15, head - height * 0.07, middle + half * 1.15, head, "lintel")
