"""What each logged number means, and which direction is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Meaning:
    """What to tell a person who meets a number for the first time.

    Attributes:
        title: how it is called in a heading.
        text: what it measures and how it misleads, one or two sentences.
        better: the direction to hope for; "" when there is none.
    """

    title: str
    text: str
    better: Better = ""


METRICS = {
    "l1": Meaning("L1", "Mean absolute difference to the true picture, per pixel. It rewards a safe blur.", "lower"),
    "spectrum_distance": Meaning(
        "Spectrum distance",
        "Is there as much detail as in the true pictures, at every scale, in powers of ten? 0 is equal. A blur "
        "scores badly. It does not look at where the detail is.",
        "lower",
    ),
    "ssim": Meaning(
        "SSIM",
        "Likeness of structure, up to 1. It prefers a blur to sharp detail slightly out of place, so never judge by "
        "it alone: read it beside the spectrum distance.",
        "higher",
    ),
    "ms_ssim": Meaning("MS-SSIM", "SSIM over several scales, up to 1. It prefers a blur too, a little less.", "higher"),
    "psnr": Meaning("PSNR", "The squared error on a logarithmic scale, in dB. It rewards a safe blur.", "higher"),
    "lpips": Meaning("LPIPS", "Distance as a trained network sees it; closest to what people say.", "lower"),
    "l2": Meaning("L2", "Mean squared difference to the true picture, per pixel. It rewards a safe blur.", "lower"),
}
"""Picture metrics by tag without its split, in the order in which a page shows them."""

_TERMS = {
    "l1": Meaning(
        "L1 term",
        "The raw L1 difference to the target, in the network's range of -1 to 1, without its weight.",
        "lower",
    ),
    "adversarial": Meaning(
        "Adversarial term",
        "How far the generator is from fooling the discriminator. It need not fall: the opponent learns too.",
    ),
    "total": Meaning(
        "Total", "The weighted sum that is minimised. Not comparable between runs whose weights or objective differ."
    ),
    "feedback_real": Meaning(
        "Opinion of real pictures", "Mean probability, as the discriminator sees it, that a real picture is real."
    ),
    "feedback_fake": Meaning(
        "Opinion of generated pictures",
        "Mean probability, as the discriminator sees it, that a generated picture is real. 0: it has won.",
    ),
    "real": Meaning("Loss on real pictures", "The discriminator's loss where it should say real."),
    "fake": Meaning("Loss on generated pictures", "The discriminator's loss where it should say generated."),
}
_OTHERS = {
    "lr": Meaning("Learning rate", "The size of the steps that each player takes."),
    "pictures_per_second": Meaning("Speed", "Training pictures per second.", "higher"),
    "data_wait": Meaning("Waiting for data", "Share of the time that training stood still for pictures.", "lower"),
}
FEEDBACK = Meaning(
    "The discriminator's opinion",
    "Mean probability, as the discriminator sees it, that a picture is real. Both lines near 0.5: it cannot tell. "
    "1 for real and 0 for generated: it has won, and the generator learns little.",
)
PLAYER_LOSS = Meaning(
    "The discriminator's loss",
    "On real and on generated pictures apart. Near 0 it always wins; 0.69 is chance (with cross-entropy).",
)


def meaning(name: str) -> Meaning:
    """What a tag without its split means: a metric (`ssim`), a term (`generator/l1`), or something of the trainer.

    An unknown one is called by its tag, so that nothing that was logged is hidden.
    """
    if name in METRICS:
        return METRICS[name]
    head, _, term = name.partition("/")
    known = _OTHERS.get(head) or (_TERMS.get(term) if term else None)
    if known is None:
        return Meaning(name.replace("_", " ").replace("/", ": "), "")
    if head in _OTHERS:
        return known
    return Meaning(f"{head.capitalize()} · {known.title}", known.text, known.better)


def better(tag: str) -> Better:
    """The good direction of a full tag such as `val/ssim`."""
    return meaning(tag.partition("/")[2]).better
