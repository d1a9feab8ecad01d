"""What can be said of a translation between two domains, with or without the true picture to hold it against."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from limner.metrics import spectrum

CHANGED = 0.2
"""A change smaller than this share of the distance between the domains is none."""
COPIED = 0.9
"""An output of which the input's own colours, mapped onto others, explain this share of what they explain of the round
trip is the input again, or nearly. Measured in docs/results.md."""


def score_domain_translation(
    inputs: Tensor, outputs: Tensor, goal: Tensor, targets: Tensor | None, returned: Tensor | None
) -> dict[str, float]:
    """Mean numbers of a set of translations, for the range 0..1.

    - change: mean absolute difference between output and input; near 0 the generator copies.
    - change_share: `change` over the distance between the domains, see `distance_apart`.
    - copied: how much of an output is the input in other colours (see `recoloured_share`), over the same of the round
      trip where there is one: so a generator that blurs all it makes is not excused. See `is_copying`.
    - round_trip: mean absolute difference between the input and its way there and back.
    - against_copy: L1 to the true picture over that of the input itself, where the truth is known: below 1 the
      translation is nearer to the truth than a copy.
    - spectrum_distance: between the outputs and the domain they should belong to, see `limner.metrics.spectrum`.

    Args:
        inputs: uint8 (N, 3, H, W).
        outputs: what they became, the same shape.
        goal: pictures of the other domain, uint8 (M, 3, H, W).
        targets: the true translations, or None.
        returned: what the other generator made of the outputs, or None.
    """
    change = _difference(outputs, inputs)
    reachable = 1.0 if returned is None else max(recoloured_share(inputs, returned), 1e-6)
    scores = {
        "change": change,
        "change_share": change / max(distance_apart(inputs, goal), 1 / 255),
        "copied": min(recoloured_share(inputs, outputs) / reachable, 1.0),
    }
    if returned is not None:
        scores["round_trip"] = _difference(returned, inputs)
    if targets is not None:
        scores["against_copy"] = _difference(outputs, targets) / max(_difference(inputs, targets), 1e-6)
    if min(outputs.shape[-2:]) >= spectrum.SMALLEST:
        scores["spectrum_distance"] = spectrum.spectrum_distance(outputs, goal)
    return scores


def distance_apart(a: Tensor, b: Tensor) -> float:
    """Mean absolute difference between pictures of two domains held against each other in their order, in 0..1.

    Args:
        a: uint8 (N, 3, H, W).
        b: uint8 (M, 3, H, W); taken again from the start when it is shorter.
    """
    rows = [number % len(b) for number in range(len(a))]
    return _difference(a, b[rows])


def recoloured_share(inputs: Tensor, outputs: Tensor) -> float:
    """Share of the variance of each output that one affine map of the input's colours explains, mean over pictures.

    1: the output is the input in other colours, brighter, darker, negative or as it was. A plain field is explained by
    nothing and counts 0.

    Args:
        inputs: (N, 3, H, W), uint8.
        outputs: the same shape.
    """
    shares = []
    for before, after in zip(inputs, outputs, strict=True):
        colours, made = before.flatten(1).T.double() / 255, after.flatten(1).T.double() / 255
        known = torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1)
        # A little of the identity keeps grey pictures, whose channels are one, solvable.
        gram = known.T @ known + 1e-6 * len(known) * torch.eye(4, dtype=torch.float64)
        unexplained = (made - known @ torch.linalg.solve(gram, known.T @ made)).square().mean()
        varied = (made - made.mean(dim=0)).square().mean()
        shares.append(1 - float((unexplained + _LEAST) / (varied + _LEAST)))
    return sum(shares) / len(shares)


def is_copying(scores: Mapping[str, float], adversary: bool) -> bool:
    """Whether numbers of `score_domain_translation` mean that the generator only copies its input.

    Args:
        scores: the numbers.
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
