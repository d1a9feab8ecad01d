"""limner's own pictures: drawn facades with known truth for every task (labels, day and night, styles, enhancement)."""

from limner.data.facades.facade import STYLE_NAMES, Facade, draw_facade
from limner.data.facades.labels import Label
from limner.data.facades.tasks import DRAWING, TASKS, make_facades

__all__ = ["DRAWING", "STYLE_NAMES", "TASKS", "Facade", "Label", "draw_facade", "make_facades"]
