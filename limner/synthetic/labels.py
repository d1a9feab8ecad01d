"""What a facade is made of, and the colour of each class in a label map."""

from enum import Enum


class Label(Enum):
    """Classes of a label map; the value is the flat colour (red, green, blue) in 0..255.

    The classes and the colours of the twelve shared with it follow the CMP facade base (Tylecek and Sara, Spatial
    pattern templates for recognition of objects with regular structure, GCPR 2013); roof and street are added.
    """

    BACKGROUND = (0, 0, 150)
    """The sky, and whatever else is no building."""
    STREET = (96, 96, 96)
    """Pavement and road."""
    FACADE = (0, 40, 255)
    """Bare wall."""
    ROOF = (150, 0, 170)
    """Roof and chimneys."""
    WINDOW = (0, 128, 255)
    DOOR = (0, 200, 255)
    CORNICE = (0, 255, 200)
    """Bands that stand out from the wall: under the eaves and between storeys."""
    SILL = (90, 255, 140)
    BALCONY = (170, 255, 60)
    SHUTTER = (255, 255, 0)
    """Shutters and blinds."""
    DECORATION = (255, 170, 0)
    """Hoods and pediments over windows, panels, brackets."""
    MOLDING = (255, 85, 0)
    """Flat bands and beams on the wall."""
    PILLAR = (255, 0, 0)
    """Pilasters, columns and upright beams."""
    SHOP = (150, 0, 0)
    """Shop fronts with their signs and awnings."""
