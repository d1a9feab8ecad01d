"""What can be said of a translation between two domains, with or without the true picture to hold it against."""

from __future__ import annotations

from torch import Tensor

from limner.metrics import spectrum

COPYING = 0.2
"""A change smaller than this share of the distance between the domains is called copying. Measured on drawn day and
night facades and on horse2zebra: generators trained with the cycle loss alone lie below, trained with an adversary
above; see docs/methods/cyclegan.md."""


def score_domain_translation(
    inputs: Tensor, outputs: Tensor, goal: Tensor, targets: Tensor | None, returned: Tensor | None
) -> dict[str, float]:
    """Mean numbers of a set of translations, for the range 0..1.

    - change: mean absolute difference between output and input; near 0 the generator copies.
    - change_share: `change` over the distance between the domains, see `distance_apart`; see `is_copying`.
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
    scores = {"change": change, "change_share": change / max(distance_apart(inputs, goal), 1 / 255)}
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


def is_copying(change_share: float) -> bool:
    """Whether so small a change means that the generator only copies its input."""
    return change_share < COPYING


def _difference(first: Tensor, second: Tensor) -> float:
    return float((first.float() - second.float()).abs().mean()) / 255
