"""What each logged number means, and which direction is better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from limner.report.tags import DIRECTIONS, read_tag

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Meaning:
    """What to tell a person who meets a number for the first time.

    Attributes:
        title: how it is called in a heading.
        text: what it measures and how it misleads, one or two sentences.
        better: the direction to hope for; "" when there is none.
        reference: a value that means something of its own, which the text explains; a chart marks it.
    """

    title: str
    text: str
    better: Better = ""
    reference: float | None = None


CHANGED, COPIED = 0.2, 0.9
"""A smaller change than this share of the distance between the domains is called copying, by the trainer too."""

METRICS = {
    "against_copy": Meaning(
        "Against a copy",
        "L1 to the true picture, over the L1 of the untouched input. 1 is no better than having done nothing, 0 is the "
        "truth. It rewards a safe blur, as L1 does.",
        "lower",
        reference=1,
    ),
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
    "change_share": Meaning(
        "Relative change",
        "How much is changed, over how far apart pictures of the two domains are. Under 0.2, the thin line in the "
        "chart, the generator copies its input. More is not better: it says nothing of what was changed.",
        reference=CHANGED,
    ),
    "copied": Meaning(
        "Copied",
        "How much of an output is its input in the same or in other colours, as far as the generator can draw at all. "
        "From 0.9 on, the thin line in the chart, it copies all but small things; without an adversary that is a copy.",
        reference=COPIED,
    ),
    "change": Meaning(
        "Change",
        "Mean difference between output and input, per pixel. At 0 the generator copies. It says how much was "
        "changed, not whether for the better.",
    ),
    "round_trip": Meaning(
        "Round trip",
        "Mean difference between a picture and what comes back when the other generator translates the output. A "
        "copy comes back perfectly, so read it beside the change.",
        "lower",
    ),
}
"""Picture metrics by tag without its split and direction, in the order in which a page shows them."""

_SPECTRUM_OF_DOMAIN = Meaning(
    METRICS["spectrum_distance"].title,
    "Is there as much detail as in pictures of the target domain, at every scale, in powers of ten? 0 is equal. A blur "
    "scores badly. It looks neither at where the detail is, nor at what it shows.",
    "lower",
)

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
    "cycle": Meaning(
        "Cycle term",
        "The raw L1 difference between a picture and its round trip through both generators, in the network's range "
        "of -1 to 1. Two generators that copy make it 0.",
        "lower",
    ),
    "identity": Meaning(
        "Identity term",
        "A generator is handed a picture that is of its target domain already, and should leave it alone: the raw L1 "
        "difference that it makes all the same. A copy makes it 0.",
        "lower",
    ),
    "paired": Meaning(
        "Paired term",
        "The raw L1 difference between a translation and its true partner, in the network's range of -1 to 1.",
        "lower",
    ),
    "nce": Meaning(
        "Patch contrast",
        "How badly a patch of the output is told to come from its own place in the input rather than from another "
        "(PatchNCE). It holds the output to its input; a copy makes it low.",
        "lower",
    ),
    "nce_identity": Meaning(
        "Patch contrast on the target domain",
        "The same for pictures that are of the target domain already, which should stay as they are.",
        "lower",
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
_WON_BY_A_COPY = ("round_trip", "cycle", "identity", "nce", "nce_identity")
_OTHERS = {
    "lr": Meaning("Learning rate", "The size of the steps that each player takes."),
    "images_per_second": Meaning("Speed", "Training pictures per second.", "higher"),
    "data_wait": Meaning("Waiting for data", "Share of the time that training stood still for pictures.", "lower"),
}
FEEDBACK = Meaning(
    "The discriminator's opinion",
    "Mean probability, as the discriminator sees it, that a picture is real. Both lines near 0.5: it cannot tell. "
    "1 for real and 0 for generated: it has won, and the generator learns little.",
)
PLAYER_LOSS = Meaning(
    "The discriminator's loss",
    "On real and on generated pictures apart. Near 0 it always wins; chance is 0.69 with cross-entropy, 0.25 with "
    "least squares.",
)


def opinion_of(domain: str) -> Meaning:
    """`FEEDBACK` of the discriminator of one of two domains, "A" or "B"."""
    return Meaning(f"The opinion of the discriminator of {domain}", FEEDBACK.text)


def meaning(name: str, between_domains: bool = False) -> Meaning:
    """What a tag means: a metric (`ssim`, `AtoB/ssim`), a term (`generator/l1`), or something of the trainer.

    An unknown one is called by its tag, so that nothing that was logged is hidden.

    Args:
        name: the tag without its split.
        between_domains: it was logged by a method that learns from two domains, where a metric may mean another thing.
    """
    tag = read_tag(name)
    known = _known(tag.name, between_domains)
    if known is None:
        return Meaning(name.replace("_", " ").replace("/", ": "), "")
    return replace(known, title=f"{known.title}, {tag.way}") if tag.way else known


def better(tag: str) -> Better:
    """The good direction of a full tag such as `val/ssim`."""
    return meaning(tag.partition("/")[2]).better


def copy_wins(tag: str) -> bool:
    """Whether a translator that only copies its input has the best value of a full tag."""
    return read_tag(tag).term in _WON_BY_A_COPY


def place(tag: str) -> tuple[int, int]:
    """Sorts full tags: validation metrics first, direction by direction, each in the order of `METRICS`."""
    parts = read_tag(tag)
    if parts.split != "val" or parts.name not in METRICS:
        return 1, 0
    directions, metrics = ["", *DIRECTIONS], list(METRICS)
    return 0, directions.index(parts.direction) * len(metrics) + metrics.index(parts.name)


def _known(name: str, between_domains: bool) -> Meaning | None:
    if name == "spectrum_distance" and between_domains:
        return _SPECTRUM_OF_DOMAIN
    if name in METRICS:
        return METRICS[name]
    head, _, term = name.partition("/")
    if head in _OTHERS:
        return _OTHERS[head]
    known = _TERMS.get(term)
    return replace(known, title=f"{head.capitalize()} · {known.title}") if known else None
