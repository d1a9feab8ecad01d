"""Compare two domains before training on them: what a translator could win by, other than by what is meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from limner.data.domain_traits import (
    DomainLook,
    Traits,
    classifier_accuracy,
    describe,
    effect,
    layout_shift,
    measure,
)
from limner.data.images import Pixels

Size = tuple[int, int]
Grade = Literal["mild", "strong"]
Kind = Literal["framing", "brightness", "contrast", "colour", "sizes", "shapes", "counts", "alike"]

SAMPLE: Final = 200
"""So many pictures of each domain say enough."""

# Of each pair of bounds the first is mild, the second strong; measured on 200 pictures of each domain, less chance.
# Framing: share of the detail that lies elsewhere. Halves of one folder 0, horses and zebras 0.07, drawn facades by day
# and by night 0.13, hats and dresses 0.17, hats and trousers 0.20, portraits of geese and horses 0.26.
_LAYOUT_SHIFT: Final = (0.15, 0.20)
_CERTAIN: Final = 1.6
# How far the centre of detail wanders: 0.05 to 0.12, where objects stand anywhere in the picture 0.16. Here its ratio.
_CENTRE_SPREAD: Final = (1.6, 2.0)
_LEAST_CENTRE_SPREAD: Final = 0.12
_MIDDLE: Final = 0.07
# Light and colour, in standard deviations. Brightness of horses and zebras 0.3, of garments and drawn faces 0.6, of
# sharp and blurred facades 1.2, by day and by night 4.9.
_EFFECT: Final = (0.5, 1.0)
# The larger in the smaller.
_ENLARGED: Final = (1.5, 1.8)
_SHAPES: Final = (1.3, 1.6)
_COUNTS: Final = (5.0, 20.0)
# Told apart: halves of one folder 0.44 to 0.55, shirts and shorts 0.73, horses and zebras 0.81. With fewer pictures
# chance reaches further.
_COIN: Final = 0.55
_ENOUGH: Final = 20
# With fewer pictures of a domain than these, nothing is said of what they show.
_FEW: Final = 10


@dataclass(frozen=True)
class DomainDifference:
    """One thing in which two domains differ, or that they do not differ at all (`alike`).

    Attributes:
        kind: what it is.
        grade: mild, or strong enough to be warned of.
        sentence: what was seen and what comes of it.
        remedy: what to do about it.
    """

    kind: Kind
    grade: Grade
    sentence: str
    remedy: str


@dataclass(frozen=True)
class DomainComparison:
    """Two domains beside each other; `as_json` is the object `domains` of `limner data inspect --json`.

    Attributes:
        a: the first domain.
        b: the second one.
        classifier_accuracy: share of pictures whose domain is told right from light, colour and detail alone, both
            domains counting the same; 0.5 is a coin. None where there are too few pictures to say.
        differences: the strong ones first.
    """

    a: DomainLook
    b: DomainLook
    classifier_accuracy: float | None
    differences: list[DomainDifference]

    @property
    def warnings(self) -> list[str]:
        """What a person should know before training: each strong difference, and its remedy."""
        return [f"{each.sentence}; {each.remedy}" for each in self.differences if each.grade == "strong"]

    def as_json(self) -> dict[str, object]:
        """The comparison in plain lists, dictionaries, strings and numbers."""
        return asdict(self)


def compare_domains(
    a: Pixels,
    b: Pixels,
    *,
    counts: tuple[int, int] | None = None,
    sizes: tuple[Sequence[Size], Sequence[Size]] = ((), ()),
    size: int = 256,
    fit: Literal["stretch", "crop"] = "stretch",
) -> DomainComparison:
    """Looks at pictures of two domains at 64 x 64 pixels.

    Args:
        a: uint8 (N, 3, S, S), N >= 1: pictures of the first domain, some 200 of them say enough.
        b: the same of the second domain, of any count and size.
        counts: pictures of each domain in all; by default those given.
        sizes: width and height of the original pictures, as far as known.
        size: side of the training pictures.
        fit: how other shapes become square.
    """
    traits = measure(a), measure(b)
    count_a, count_b = counts or (len(a), len(b))
    looks = describe(traits[0], count_a, sizes[0]), describe(traits[1], count_b, sizes[1])
    told = round(classifier_accuracy(*(each.table for each in traits)), 4) if min(len(a), len(b)) >= _ENOUGH else None
    judges = (_framing, _brightness, _contrast, _colour) if min(len(a), len(b)) >= _FEW else ()
    found = [
        *(judge(*traits, *looks) for judge in judges),
        _sizes(*looks, size),
        _shapes(*looks) if fit == "stretch" else None,
        _counts(*looks),
        _alike(told, len(a) + len(b)),
    ]
    differences = sorted((each for each in found if each is not None), key=lambda each: each.grade == "mild")
    return DomainComparison(*looks, told, differences)


def _framing(a: Traits, b: Traits, look_a: DomainLook, look_b: DomainLook) -> DomainDifference | None:
    distance, chance = layout_shift(a.detail, b.detail)
    elsewhere = math.sqrt(distance**2 - chance**2) if distance > _CERTAIN * chance else 0.0
    least, most = sorted((look_a.centre_spread, look_b.centre_spread))
    centre_spread = most / max(least, 1e-3) if most >= _LEAST_CENTRE_SPREAD and min(len(a), len(b)) >= _ENOUGH else 1.0
    grade = _worse(_grade(elsewhere, _LAYOUT_SHIFT), _grade(centre_spread, _CENTRE_SPREAD))
    tidy, loose = ("A", "B") if look_a.centre_spread < look_b.centre_spread else ("B", "A")
    if centre_spread >= _CENTRE_SPREAD[0]:
        seen = f"the detail of {tidy} sits at the same place in each picture, that of {loose} wanders"
    elif abs(look_a.middle - look_b.middle) >= _MIDDLE:
        seen = (
            f"{_percent(look_a.middle)} of the detail of A sits in the central quarter of its pictures, "
            f"{_percent(look_b.middle)} of that of B"
        )
    else:
        seen = "the detail of A sits in other places than that of B"
    return grade and DomainDifference(
        "framing",
        grade,
        f"the framing differs ({seen}), so a translator is tempted to learn the framing",
        "crop one domain until both show their subject alike (data.augment_b.scale=0.5 cuts B closer, at random "
        "places), or vary the framing of both with data.augment.scale=0.5",
    )


def _brightness(a: Traits, b: Traits, look_a: DomainLook, look_b: DomainLook) -> DomainDifference | None:
    grade = _grade(effect(a.brightness, b.brightness, least=0.03), _EFFECT)
    more, less = ("A", "B") if look_a.brightness > look_b.brightness else ("B", "A")
    return grade and DomainDifference(
        "brightness",
        grade,
        f"{more} is brighter than {less} (mean {look_a.brightness:.2f} in A, {look_b.brightness:.2f} in B, of 1), so a "
        "translator can win by changing the brightness alone",
        _EVEN_OUT.format("brightness"),
    )


def _contrast(a: Traits, b: Traits, look_a: DomainLook, look_b: DomainLook) -> DomainDifference | None:
    grade = _grade(effect(a.contrast, b.contrast, least=0.03), _EFFECT)
    more, less = ("A", "B") if look_a.contrast > look_b.contrast else ("B", "A")
    return grade and DomainDifference(
        "contrast",
        grade,
        f"{more} has more contrast than {less} ({look_a.contrast:.2f} in A, {look_b.contrast:.2f} in B), so a "
        "translator can win by changing the contrast alone",
        _EVEN_OUT.format("contrast"),
    )


def _colour(a: Traits, b: Traits, look_a: DomainLook, look_b: DomainLook) -> DomainDifference | None:
    tint_a, tint_b = (each.colour - each.brightness[:, None] for each in (a, b))
    effects = [effect(tint_a[:, channel], tint_b[:, channel], least=0.03) for channel in range(3)]
    grade = _grade(max(*effects, effect(a.saturation, b.saturation, least=0.06)), _EFFECT)
    return grade and DomainDifference(
        "colour",
        grade,
        f"the colours differ (mean {_rgb(look_a.colour)} in A, {_rgb(look_b.colour)} in B; saturation "
        f"{look_a.saturation:.2f} and {look_b.saturation:.2f}), so a translator can win by changing the tint alone",
        _EVEN_OUT.format("tint"),
    )


_EVEN_OUT: Final = "even out the {} of the pictures beforehand, unless it is what is to be translated"


def _sizes(a: DomainLook, b: DomainLook, size: int) -> DomainDifference | None:
    if a.size is None or b.size is None:
        return None
    enlarged = [max(1.0, size / min(look.size)) for look in (a, b) if look.size]
    grade = _grade(max(enlarged) / min(enlarged), _ENLARGED)
    small, least = ("A", a.size) if enlarged[0] > enlarged[1] else ("B", b.size)
    others = f"{min(enlarged):.1f} times" if min(enlarged) > 1 else "not at all"
    return grade and DomainDifference(
        "sizes",
        grade,
        f"the pictures of {small} are small ({least[0]} x {least[1]}) and enlarged {max(enlarged):.1f} times at "
        f"data.size={size}, those of the other domain {others}, so a translator learns the blur",
        f"give larger pictures of {small}, or train at a data.size near {min(least)}",
    )


def _shapes(a: DomainLook, b: DomainLook) -> DomainDifference | None:
    if a.size is None or b.size is None:
        return None
    ratios = [look.size[0] / look.size[1] for look in (a, b) if look.size]
    grade = _grade(max(ratios) / min(ratios), _SHAPES)
    return grade and DomainDifference(
        "shapes",
        grade,
        f"the pictures of A are {ratios[0]:.2f} times as wide as high, those of B {ratios[1]:.2f} times, and "
        "made square they are stretched differently",
        "data.fit=crop takes the central square instead",
    )


def _counts(a: DomainLook, b: DomainLook) -> DomainDifference | None:
    fewer, few, many = ("A", a.count, b.count) if a.count < b.count else ("B", b.count, a.count)
    grade = _grade(many / max(few, 1), _COUNTS)
    augment = "data.augment" if fewer == "A" else "data.augment_b"
    return grade and DomainDifference(
        "counts",
        grade,
        f"{fewer} has {few} pictures, the other domain {many}, so each picture of {fewer} is seen "
        f"{many / max(few, 1):.0f} times as often and may be learnt by heart",
        f"add pictures of {fewer}, or vary them more with {augment}.scale=0.5",
    )


def _alike(told: float | None, images: int) -> DomainDifference | None:
    if told is None or told > _COIN + images**-0.5:
        return None
    return DomainDifference(
        "alike",
        "strong",
        f"A and B look nearly the same in light, colour and detail ({_percent(told)} are told apart, by a coin 50 %), "
        "so a translator is tempted to copy",
        "check that the two folders hold two kinds of pictures",
    )


def _grade(value: float, bounds: tuple[float, float]) -> Grade | None:
    return "strong" if value >= bounds[1] else "mild" if value >= bounds[0] else None


def _worse(one: Grade | None, other: Grade | None) -> Grade | None:
    return max(one, other, key=lambda grade: (None, "mild", "strong").index(grade))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _rgb(colour: tuple[float, float, float]) -> str:
    return "rgb " + "/".join(f"{255 * channel:.0f}" for channel in colour)
