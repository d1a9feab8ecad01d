"""How the terms of a method's losses are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from limner.config.cross_checks import Objective


@dataclass(frozen=True)
class Curve:
    """How a term of a loss is shown.

    Attributes:
        title: of its chart; terms of the same loss and title share one.
        sentence: what it means.
        label: what tells it from the others in the chart.
        better: which way it is better, where one can say so.
        bounds: of the chart's axis, where they are known.
        reference: a value to compare with.
        copy_wins: a translator that hands back its input has the best value, so nobody is marked as the best.
    """

    title: str
    sentence: str = ""
    label: str = ""
    better: Literal["lower", "higher", ""] = ""
    bounds: tuple[float, float] | None = None
    reference: float | None = None
    copy_wins: bool = False


ADVERSARIAL = Curve(
    "Adversarial term",
    "How far the generator is from fooling the discriminator. It need not fall: the opponent learns too.",
)
DISCRIMINATOR = Curve(
    "The discriminator's loss",
    "On real and on generated images apart. Near 0 it always wins; chance is 0.69 with cross-entropy, 0.25 with least "
    "squares.",
)
OPINION = Curve(
    "The discriminator's opinion",
    "Mean probability, as the discriminator sees it, that an image is real. Both lines near 0.5: it cannot tell. 1 for "
    "real and 0 for generated: it has won, and the generator learns little.",
    bounds=(0.0, 1.0),
    reference=0.5,
)


def discriminator_labels(objective: Objective) -> dict[str, str]:
    """The parts of a discriminator's loss under an objective, and what tells them apart in a chart."""
    if objective == "relativistic":
        return {"relativistic": "real against generated"}
    return {"real": "real", "fake": "generated"}


def adversary_curves(generator: str, discriminator: str, objective: Objective) -> dict[str, Curve]:
    """The curves of the terms that one discriminator brings, by the names of the two losses."""
    parts = discriminator_labels(objective)
    return {
        f"{generator}/adversarial": ADVERSARIAL,
        **{f"{discriminator}/{part}": replace(DISCRIMINATOR, label=label) for part, label in parts.items()},
        f"{discriminator}/feedback_real": replace(OPINION, label="real"),
        f"{discriminator}/feedback_fake": replace(OPINION, label="generated"),
    }
