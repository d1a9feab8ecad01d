"""Paints a whole scene from back to front."""

from collections.abc import Callable, Mapping

from limner.synthetic.canvas import Canvas
from limner.synthetic.labels import Label
from limner.synthetic.openings import paint_door, paint_shutter, paint_window
from limner.synthetic.ornaments import (
    paint_balcony,
    paint_band,
    paint_cornice,
    paint_decoration,
    paint_pillar,
    paint_sill,
)
from limner.synthetic.plan import Building, Part
from limner.synthetic.scene import Scene
from limner.synthetic.shopfront import paint_shop
from limner.synthetic.surroundings import paint_lamps, paint_sky, paint_street
from limner.synthetic.walls import paint_roof, paint_wall

_PAINTERS: Mapping[Label, Callable[[Canvas, Building, Part], None]] = {
    Label.FACADE: paint_wall,
    Label.ROOF: paint_roof,
    Label.MOLDING: paint_band,
    Label.PILLAR: paint_pillar,
    Label.DECORATION: paint_decoration,
    Label.WINDOW: paint_window,
    Label.DOOR: paint_door,
    Label.SHUTTER: paint_shutter,
    Label.SHOP: paint_shop,
    Label.SILL: paint_sill,
    Label.BALCONY: paint_balcony,
    Label.CORNICE: paint_cornice,
}


def paint_scene(canvas: Canvas, scene: Scene) -> None:
    """Sky, buildings part by part, street and lamps."""
    paint_sky(canvas, scene)
    for building in scene.buildings:
        for part in building.parts:
            _PAINTERS[part.label](canvas, building, part)
    paint_street(canvas, scene)
    paint_lamps(canvas, scene)
