"""What can be said of a translation between two domains, with or without the true picture to hold it against."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from limner.data.splits import References
from limner.metrics.metric import Metric, Outputs
from limner.metrics.pairs import absolute_and_squared

CHANGED = 0.2
"""A change smaller than this share of the distance between the domains is none."""
COPIED = 0.9
"""An output of which the input's own colours, mapped onto others, explain this share of what they explain of the round
trip is the input again, or nearly. Measured in docs/results.md."""


def distance_apart(a: Tensor, b: Tensor) -> float:
    """Mean absolute difference between pictures of two domains held against each other in their order, in 0..1.

    Args:
        a: uint8 (N, C, H, W).
        b: uint8 (M, C, H, W); taken again from the start when it is shorter.
    """
    rows = [number % len(b) for number in range(len(a))]
    return _difference(a, b[rows])


def recoloured_share(inputs: Tensor, outputs: Tensor) -> float:
    """Share of the variance of each output that one affine map of the input's colours explains, mean over pictures.

    1: the output is the input in other colours, brighter, darker, negative or as it was. A plain field is explained by
    nothing and counts 0.

    Args:
        inputs: (N, C, H, W), uint8.
        outputs: the same shape.
    """
    shares = []
    for before, after in zip(inputs, outputs, strict=True):
        colours, made = before.flatten(1).T.double() / 255, after.flatten(1).T.double() / 255
        known = torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1)
        # A little of the identity keeps grey pictures, whose channels are one, solvable.
        gram = known.T @ known + 1e-6 * len(known) * torch.eye(known.shape[1], dtype=torch.float64)
        unexplained = (made - known @ torch.linalg.solve(gram, known.T @ made)).square().mean()
        varied = (made - made.mean(dim=0)).square().mean()
        shares.append(1 - float((unexplained + _LEAST) / (varied + _LEAST)))
    return sum(shares) / len(shares)


def is_copying(scores: Mapping[str, float], adversary: bool) -> bool:
    """Whether the metrics of this module mean that the generator only copies its input.

    Args:
        scores: metrics by name.
        adversary: whether one watches the outputs. Then only a change that is none counts: a translation may be right
            to keep most of a picture, as a zebra's meadow. Without one a copy in other colours counts, too.
    """
    if scores.get("change_share", 1.0) < CHANGED:
        return True
    return not adversary and scores.get("copied", 0.0) >= COPIED


def _difference(first: Tensor, second: Tensor) -> float:
    return float((first.float() - second.float()).abs().mean()) / 255


_LEAST = 1e-5
"""Variance of a picture that differs by less than one level from a plain field."""


def _change(outputs: Outputs, references: References) -> float:
    assert references.inputs is not None
    return _difference(outputs.images, references.inputs)


def _changes(outputs: Outputs, references: References) -> Tensor:
    assert references.inputs is not None
    return absolute_and_squared(outputs.images, references.inputs)[0]


def _change_share(outputs: Outputs, references: References) -> float:
    assert references.inputs is not None
    apart = distance_apart(references.inputs, references.images)
    return outputs.once(_change, references) / max(apart, 1 / 255)


def _copied(outputs: Outputs, references: References) -> float:
    """Over the same of the round trip where there is one: a generator that blurs all it makes is not excused."""
    assert references.inputs is not None
    reachable = 1.0
    if outputs.round_trips is not None:
        reachable = max(recoloured_share(references.inputs, outputs.round_trips), 1e-6)
    return min(recoloured_share(references.inputs, outputs.images) / reachable, 1.0)


def _round_trip(outputs: Outputs, references: References) -> float:
    assert references.inputs is not None and outputs.round_trips is not None
    return _difference(outputs.round_trips, references.inputs)


def _against_copy(outputs: Outputs, references: References) -> float:
    assert references.inputs is not None and references.targets is not None
    return _difference(outputs.images, references.targets) / max(
        _difference(references.inputs, references.targets), 1e-6
    )


AGAINST_COPY = Metric(
    "against_copy",
    "Against a copy",
    "L1 to the true picture, over the L1 of the untouched input. 1 is no better than having done nothing, 0 is the "
    "truth. It rewards a safe blur, as L1 does.",
    frozenset({"inputs", "targets", "domains"}),
    whole=_against_copy,
    better="lower",
    reference=1,
)
CHANGE_SHARE = Metric(
    "change_share",
    "Relative change",
    "How much is changed, over how far apart pictures of the two domains are. Under 0.2, the thin line in the chart, "
    "the generator copies its input. More is not better: it says nothing of what was changed.",
    frozenset({"inputs", "images", "domains"}),
    whole=_change_share,
    reference=CHANGED,
)
COPIED_SHARE = Metric(
    "copied",
    "Copied",
    "How much of an output is its input in the same or in other colours, as far as the generator can draw at all. From "
    "0.9 on, the thin line in the chart, it copies all but small things; without an adversary that is a copy.",
    frozenset({"inputs", "domains"}),
    whole=_copied,
    reference=COPIED,
)
CHANGE = Metric(
    "change",
    "Change",
    "Mean difference between output and input, per pixel. At 0 the generator copies. It says how much was changed, not "
    "whether for the better.",
    frozenset({"inputs", "domains"}),
    whole=_change,
    rows=_changes,
)
ROUND_TRIP = Metric(
    "round_trip",
    "Round trip",
    "Mean difference between a picture and what comes back when the other generator translates the output. A copy "
    "comes back perfectly, so read it beside the change.",
    frozenset({"inputs", "round_trips"}),
    whole=_round_trip,
    better="lower",
    copy_wins=True,
)
