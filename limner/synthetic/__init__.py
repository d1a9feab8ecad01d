"""limner's own pictures: drawn facades with known truth for every task (labels, day and night, styles, enhancement)."""

from limner.synthetic.facade import STYLE_NAMES, Facade, draw_facade
from limner.synthetic.labels import Label
from limner.synthetic.tasks import DRAWING, TASKS, make_facades

__all__ = ["DRAWING", "STYLE_NAMES", "TASKS", "Facade", "Label", "draw_facade", "make_facades"]
