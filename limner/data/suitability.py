"""What a folder of pictures is good for, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from limner.data.contents import FolderContents

Grade = Literal["good", "fair", "poor", "unusable"]


@dataclass(frozen=True)
class Need:
    """What a method learns from: below `few` pictures it is hopeless, below `enough` it will be seen."""

    method: str
    few: int
    enough: int

    def judge(self, count: int) -> str:
        """`enough for pix2pix`, `few for pix2pix` or `too few for pix2pix`."""
        how = "enough" if count >= self.enough else "few" if count >= self.few else "too few"
        return f"{how} for {self.method}"

    def grade(self, count: int) -> Grade:
        """The same as one word."""
        return "good" if count >= self.enough else "fair" if count >= self.few else "poor"


PIX2PIX: Final = Need("pix2pix", 20, 200)
"""The facades set has 400 training pairs (arXiv:1611.07004, appendix 6.2.1)."""
CYCLEGAN: Final = Need("CycleGAN", 100, 500)
"""horse2zebra has about 1,000 pictures in each half (arXiv:1703.10593, appendix 7.1); in each domain."""
GAN: Final = Need("a generator from noise", 1000, 5000)
"""Small data for a GAN is a few thousand pictures (arXiv:2006.06676, figure 1)."""
CONDITIONAL: Final = Need("a generator from labels", 100, 1000)
"""In the smallest class."""


@dataclass(frozen=True)
class Faults:
    """How many things are wrong with the pictures."""

    unreadable: int
    unmatched: int
    duplicates: int
    leaks: int


def advice(kind: Literal["pairs", "domains", "labelled", "images"], count: int, classes: Mapping[str, int]) -> str:
    """Whether the training pictures are enough for what learns from pictures of this kind: `few for pix2pix`, ...

    Args:
        kind: what the pictures are to one another.
        count: training pairs or pictures; of domains, in the smaller one.
        classes: training pictures of each class, where there are classes.
    """
    match kind:
        case "pairs":
            return PIX2PIX.judge(count)
        case "domains":
            return CYCLEGAN.judge(count)
        case "labelled":
            return CONDITIONAL.judge(min(classes.values(), default=0))
    return GAN.judge(count)


def give_verdict(
    contents: FolderContents, usable: dict[str, int], faults: Faults, derive: str | None
) -> tuple[Grade, str]:
    """A grade, and one sentence on what the pictures serve, followed by one for each fault.

    Args:
        contents: what was found.
        usable: usable pairs, or pictures, of each group.
        faults: what is wrong with it.
        derive: how inputs are to be made from single photographs, when that was asked for.
    """
    grade, served = _serves(contents, usable, derive)
    if grade != "unusable" and faults.leaks and grade == "good":
        grade = "fair"
    return grade, ". ".join([served, *_faults(contents, faults)]) + "."


def _serves(contents: FolderContents, usable: dict[str, int], derive: str | None) -> tuple[Grade, str]:
    count = usable.get("train", 0)
    match contents.kind:
        case "nothing":
            return "unusable", "No pictures: limner reads JPEG, PNG, WebP, BMP, TIFF, GIF and PPM"
        case "pairs":
            said = f"{count} training pairs: {PIX2PIX.judge(count)}, {CYCLEGAN.judge(count)}"
            return _usable(PIX2PIX.grade(count), count), said
        case "domains":
            halves = [usable.get(g.name, 0) for g in contents.groups if g.split == "train"] or [0, 0]
            said = f"{halves[0]} and {halves[-1]} training pictures of two kinds without partners"
            least = min(halves)
            said += f": {CYCLEGAN.judge(least)}; not for pix2pix, which needs pairs of the same name"
            return _usable(CYCLEGAN.grade(least), least), said
    said, classes = f"{count} single photographs", contents.classes
    if classes:
        said += f" in {len(classes)} classes of {min(classes.values())} to {max(classes.values())}"
    derived = f"{PIX2PIX.judge(count)} with inputs made from them (data.derive.kind={derive or 'edges'})"
    served = [derived, GAN.judge(count), *([CONDITIONAL.judge(min(classes.values()))] if classes else [])]
    return _usable(PIX2PIX.grade(count), count), f"{said}: {', '.join(served)}"


def _usable(grade: Grade, count: int) -> Grade:
    return grade if count else "unusable"


def _faults(contents: FolderContents, faults: Faults) -> Sequence[str]:
    counted = (
        (faults.unreadable, "file cannot be used", "files cannot be used"),
        (faults.unmatched, "picture has no partner", "pictures have no partner"),
        (faults.duplicates, "picture shows what another does", "pictures show what others do"),
    )
    said = [f"{count} {one if count == 1 else many}" for count, one, many in counted if count]
    if faults.leaks:
        what = "picture is" if faults.leaks == 1 else "pictures are"
        said.append(f"{faults.leaks} {what} in two splits, so what is measured there looks better than it is")
    return said
