"""The building styles: what each is made of, and how often each part appears."""

from dataclasses import dataclass
from typing import Literal

Texture = Literal["brick", "plaster", "ashlar", "rusticated", "siding", "concrete"]
Roof = Literal["flat", "pitched", "mansard", "gable"]
Covering = Literal["tiles", "slate", "zinc"]
Glazing = Literal["sash", "casement", "french", "lattice", "ribbon", "plain", "arched"]
Railing = Literal["iron", "ornate", "slab", "glass", "stone"]
Range = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """A way of building. Shares are of the bay's width and the storey's height; the rest are probabilities."""

    name: str
    textures: tuple[Texture, ...]
    bases: tuple[Texture, ...]
    """Textures of the ground floor."""
    storeys: tuple[int, int]
    """Fewest and most storeys, the ground floor counted."""
    bay: Range
    """Width of a bay, as a share of a storey's height."""
    window_width: Range
    window_height: Range
    glazing: tuple[Glazing, ...]
    roofs: tuple[Roof, ...]
    coverings: tuple[Covering, ...]
    railings: tuple[Railing, ...]
    walls: tuple[str, ...]
    trims: tuple[str, ...]
    frames: tuple[str, ...]
    doors: tuple[str, ...]
    roof_paints: tuple[str, ...]
    shutter_paints: tuple[str, ...] = ("#5a5a5a",)
    beams: tuple[str, ...] = ("#d8d2c4",)
    shutters: float = 0.0
    balconies: float = 0.0
    """That the building has balconies at single windows."""
    long_balconies: float = 0.0
    """That a storey has one balcony along its whole width."""
    sills: float = 1.0
    hoods: float = 0.0
    courses: float = 0.0
    """That a storey is parted from the next by a cornice."""
    crown: float = 1.0
    """That a cornice ends the wall at the top."""
    pillars: float = 0.0
    panels: float = 0.0
    """That a decorated panel fills the wall between windows above one another."""
    timber: bool = False
    shops: float = 0.0


WHITES = ("#f0efea", "#e6e3da", "#f4f2ee")
WOODS = ("#5a3b24", "#3c2a1d", "#6b4a2b", "#2f2620")

STYLES = (
    Style(
        name="brick",
        textures=("brick",),
        bases=("brick", "brick", "ashlar"),
        storeys=(3, 6),
        bay=(0.85, 1.15),
        window_width=(0.36, 0.46),
        window_height=(0.52, 0.62),
        glazing=("sash", "sash", "arched"),
        roofs=("flat", "flat", "pitched"),
        coverings=("slate",),
        railings=("iron",),
        walls=("#8e4432", "#7a3b2e", "#a65a40", "#6d4236", "#b5805a", "#93685a", "#c0a27c"),
        trims=("#cfc3ac", "#b9ab95", "#e0d8c6", "#8c7b6b", "#6e4034"),
        frames=("#f0efea", "#20241f", "#e6e3da", "#3a4a3f", "#5b2a22"),
        doors=("#1e3a2c", "#5a1f1c", "#1d2430", "#3c2a1d", "#26456b"),
        roof_paints=("#4a4e54", "#5a5652"),
        balconies=0.25,
        hoods=0.9,
        courses=0.15,
        shops=0.4,
    ),
    Style(
        name="townhouse",
        textures=("plaster",),
        bases=("plaster", "plaster", "ashlar"),
        storeys=(2, 4),
        bay=(0.95, 1.35),
        window_width=(0.30, 0.38),
        window_height=(0.48, 0.58),
        glazing=("casement", "casement", "sash"),
        roofs=("pitched",),
        coverings=("tiles", "tiles", "slate"),
        railings=("iron", "ornate"),
        walls=("#e3c68a", "#d99a6c", "#e9d9b6", "#c9d2b4", "#b9cbd6", "#e2b3a0", "#eeeae0", "#cf7f5a", "#d8b64f"),
        trims=(*WHITES, "#d8cdb8"),
        frames=(*WHITES, "#6b4a2b"),
        doors=(*WOODS, "#2a4a3a", "#3b5a78"),
        roof_paints=("#a0523a", "#8c4633", "#b5694a", "#6b4a40", "#55585c"),
        shutter_paints=("#2f5d46", "#4a6f8a", "#6b2f2a", "#5a4a3a", "#86a08c", "#33475b", "#8a6a4a"),
        shutters=0.9,
        balconies=0.3,
        crown=0.7,
        shops=0.2,
    ),
    Style(
        name="haussmann",
        textures=("ashlar",),
        bases=("rusticated",),
        storeys=(4, 6),
        bay=(0.8, 1.0),
        window_width=(0.36, 0.44),
        window_height=(0.66, 0.76),
        glazing=("french",),
        roofs=("mansard",),
        coverings=("zinc", "slate"),
        railings=("ornate",),
        walls=("#dccfb2", "#cfc2a6", "#e6dcc4", "#c4b698", "#d6cdbd", "#b8ab94"),
        trims=("#e2d7bd", "#d2c6aa", "#eae2d0"),
        frames=(*WHITES, "#d9d6cc", "#8d8a80"),
        doors=("#22382f", "#2a2f45", "#4a1f1c", "#3c2a1d", "#1f3f52"),
        roof_paints=("#6d757e", "#5c646e", "#7d858c", "#4e545e"),
        balconies=0.7,
        long_balconies=0.35,
        hoods=0.5,
        courses=0.4,
        pillars=0.15,
        shops=0.75,
    ),
    Style(
        name="modernist",
        textures=("concrete", "plaster"),
        bases=("concrete",),
        storeys=(4, 8),
        bay=(1.3, 1.9),
        window_width=(0.55, 0.8),
        window_height=(0.42, 0.56),
        glazing=("plain", "ribbon"),
        roofs=("flat",),
        coverings=("zinc",),
        railings=("slab", "glass", "slab"),
        walls=("#b4b2ac", "#c9c6be", "#9b9a96", "#e2e0da", "#a99f90", "#8f9a9c", "#d2c3a8"),
        trims=("#a8a6a0", "#d0cec8", "#7d7c78", "#e4e2dc"),
        frames=("#2b2d30", "#55585a", "#e6e3da", "#3d4a52"),
        doors=("#3a4046", "#6b7076", "#5a3b24"),
        roof_paints=("#6d6d6a",),
        shutter_paints=("#d8d4ca", "#8a8d8f", "#c98a3c", "#4f6a78", "#b5563c", "#e0dccf"),
        shutters=0.35,
        balconies=0.8,
        sills=0.3,
        crown=0.3,
        shops=0.3,
    ),
    Style(
        name="timbered",
        textures=("plaster",),
        bases=("ashlar", "plaster"),
        storeys=(2, 4),
        bay=(0.7, 0.95),
        window_width=(0.46, 0.6),
        window_height=(0.42, 0.52),
        glazing=("lattice", "lattice", "casement"),
        roofs=("gable", "gable", "pitched"),
        coverings=("tiles",),
        railings=("slab",),
        walls=("#efe7d2", "#e6d9b8", "#f2efe6", "#d9b98a", "#dcc7b0", "#c98f6a"),
        trims=("#c9bfae", "#b0a592"),
        frames=(*WHITES, "#4a3324"),
        doors=WOODS,
        roof_paints=("#8c4633", "#9c5a3e", "#6b4034", "#7a4a38"),
        shutter_paints=("#6b2f2a", "#2f5d46", "#5a3b24"),
        beams=("#3c2a1d", "#4a3020", "#2b211b", "#5c3a28", "#6a2f22"),
        shutters=0.2,
        sills=0.7,
        crown=0.0,
        timber=True,
        shops=0.2,
    ),
    Style(
        name="clapboard",
        textures=("siding",),
        bases=("siding",),
        storeys=(2, 3),
        bay=(0.85, 1.1),
        window_width=(0.34, 0.42),
        window_height=(0.5, 0.58),
        glazing=("sash",),
        roofs=("gable", "pitched"),
        coverings=("slate", "tiles"),
        railings=("iron",),
        walls=("#e9e7e0", "#b7c4cc", "#d9cf9e", "#8fa08c", "#6f8494", "#a8584a", "#c9b79e", "#54666e"),
        trims=WHITES,
        frames=WHITES,
        doors=("#7a1f1f", "#1d2f45", "#20402f", "#c08a2c", "#2b2b2b"),
        roof_paints=("#55565a", "#6a5f58", "#474b50", "#7a5a4c"),
        shutter_paints=("#20262b", "#22402f", "#2a3c5a", "#6b2f2a"),
        shutters=0.6,
        hoods=0.3,
        crown=0.9,
        pillars=0.7,
    ),
    Style(
        name="palace",
        textures=("plaster", "ashlar"),
        bases=("rusticated",),
        storeys=(3, 4),
        bay=(0.8, 1.05),
        window_width=(0.34, 0.42),
        window_height=(0.56, 0.66),
        glazing=("casement", "arched", "french"),
        roofs=("flat", "pitched"),
        coverings=("tiles", "zinc"),
        railings=("stone",),
        walls=("#e6cf8c", "#d9b27a", "#c7d1c0", "#e8d9c8", "#d8a08c", "#b9c4d2", "#cdbb9c", "#e0d6c4"),
        trims=("#f1ede2", "#e6dfce", "#d9d0bc"),
        frames=(*WHITES, "#5a3b24"),
        doors=WOODS,
        roof_paints=("#9c5a3e", "#7f8a86", "#6f8f80", "#8c4633"),
        balconies=0.5,
        hoods=1.0,
        courses=0.7,
        pillars=0.9,
        panels=0.35,
    ),
)
"""Every style, in the order in which class folders are listed."""
