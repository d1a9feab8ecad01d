"""What a recipe may say of pictures: where they are, what they are to one another, how they are sized and augmented."""

from math import sqrt
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from limner.config.base import Settings


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path}: {error}") from error


PathSetting = Annotated[Path, Field(strict=False), AfterValidator(_at_home)]
"""A path; ~ becomes the home folder. A relative one is relative to the current folder."""
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=4096)]
"""Side of a square picture in pixels. The bound keeps what a stranger's file may ask for within a machine's memory."""


class AugmentSettings(Settings):
    """Enlarge, crop at random, flip at random: drawn once per picture or pair (arXiv:1611.07004, appendix 6.2)."""

    enabled: bool = True
    """Off: each picture is resized to the training size and never varied."""
    enlarge: Annotated[float, Field(ge=1, le=2)] = 286 / 256
    """Pictures are resized to round(size * enlarge) before a random crop of size; 286 for 256 px (appendix 6.2)."""
    flip: Share = 0.5
    """Probability of a horizontal flip."""

    @property
    def least_share(self) -> float:
        """Least share of the area that a crop keeps; 1 where crops have the training size."""
        return 1.0

    def stored(self, size: int) -> int:
        """Side in pixels at which pictures are kept, so that crops of side `size` can be drawn from them."""
        return round(size * self.enlarge) if self.enabled else size


class DomainAugmentSettings(AugmentSettings):
    """Enlarge or zoom, crop at random, flip at random: drawn for each picture (arXiv:1703.10593, appendix 7.1)."""

    scale: Annotated[float, Field(gt=0, le=1)] | None = None
    """Random resized crop: least share of the area that a crop keeps, square as the picture; 1 and null: off.
    It takes the place of enlarge: pictures are stored at round(size / sqrt(scale)), twice the size at most."""

    @property
    def least_share(self) -> float:
        """Least share of the area that a crop keeps by `scale`; 1 where that is off."""
        return self.scale if self.enabled and self.scale is not None else 1.0

    def stored(self, size: int) -> int:
        """Side in pixels at which pictures are kept, so that crops of side `size` can be drawn from them."""
        if self.least_share < 1:
            return min(round(size / sqrt(self.least_share)), 2 * size)
        return super().stored(size)


class DeriveSettings(Settings):
    """Make the input picture out of the target, so that one folder of photographs is a paired task."""

    kind: Literal["edges", "grey", "low-resolution", "blur-noise"]
    """What becomes of a photograph: its edges, its grey form, few pixels, or a blurred and noisy copy."""
    strength: Annotated[float, Field(gt=0, le=16)] = 1.0
    """edges: Gaussian sigma before Canny, strength * (1 + size / 128) pixels; low-resolution: factor is 4 * strength;
    blur-noise: sigma 2 * strength px, noise 10 * strength of 255."""


class SyntheticSettings(Settings):
    """Facades that limner draws itself, with known truth, when `path` names no folder."""

    task: Literal["labels", "daynight", "styles", "degraded"] = "labels"
    """labels: label map and facade as pairs; degraded: a phone's picture and a good one as pairs; daynight: facades by
    day and other facades by night; styles: facades of several building styles, a class each."""
    count: Annotated[int, Field(ge=10)] = 600
    """How many pairs, how many pictures of each kind by daynight, or how many pictures in all by styles."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Another seed gives other facades."""


class DataSettings(Settings):
    """Pictures found by looking at the folder; every split that is missing is made deterministically."""

    synthetic_tasks: ClassVar[tuple[str, ...]] = ("labels", "daynight", "styles", "degraded")
    """The values of `synthetic.task` that draw pictures of this kind."""

    path: PathSetting | None = None
    """Folder of pictures. Required to train, unless `synthetic` is set."""
    synthetic: SyntheticSettings | None = None
    """Set to let limner draw the pictures when `path` is not set."""
    channels: Literal[1, 3, 4] = 3
    """Of each picture: 1 grey, 3 red, green and blue, 4 these and the opacity."""
    size: Side = 256
    """Side of the square training pictures in pixels."""
    fit: Literal["stretch", "crop"] = "stretch"
    """How other shapes become square: stretch (the public pix2pix code) or the largest central square."""
    augment: AugmentSettings = AugmentSettings()
    """Random changes against over-fitting."""
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of pictures kept for validation when the folder has no split of its own."""
    workers: Annotated[int, Field(ge=0, le=64)] = 2
    """Threads that decode pictures and prepare batches ahead; 0 does it in the training loop. Results stay equal."""
    max_bad: Share = 0.2
    """Share of unreadable pictures that is skipped with a list; above it training is refused. Each domain by itself."""
    cache: Literal["auto", "memory", "disk", "stream"] = "auto"
    """Where decoded pictures live: memory when they fit in a quarter of what is free, else memory-mapped on disk, and
    where there is no room for that nowhere: stream decodes each picture when a batch needs it. Results stay equal."""

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if self.synthetic is not None and self.synthetic.task not in self.synthetic_tasks:
            raise ValueError(
                f"data.synthetic.task is {self.synthetic.task}, which are not the pictures that this method learns "
                f"from: set it to {' or '.join(self.synthetic_tasks)}"
            )
        return self


class PairedDataSettings(DataSettings):
    """Pairs: pictures and what they should become."""

    synthetic_tasks: ClassVar[tuple[str, ...]] = ("labels", "degraded")

    path_b: PathSetting | None = None
    """Second folder, when the two halves of the pairs live apart."""
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """Which half is the input. For side-by-side pictures A is the left half."""
    derive: DeriveSettings | None = None
    """Set when `path` is one folder of photographs and the input is to be made from them."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.path_b is not None and self.path is None:
            raise ValueError("data.path_b is set, but data.path is not: the two halves of the pairs need both")
        if self.path_b is not None and self.derive is not None:
            raise ValueError(
                "data.derive makes the input out of data.path, but data.path_b gives a second half as well: clear one"
            )
        return self


class DomainDataSettings(DataSettings):
    """Two domains of pictures, A and B, of any counts and sizes; pairs among them are not needed."""

    synthetic_tasks: ClassVar[tuple[str, ...]] = ("daynight", "labels", "degraded")

    path_b: PathSetting | None = None
    """Folder of domain B, when `path` is domain A alone."""
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """BtoA takes the domains the other way round. Of side-by-side pictures A is the left half."""
    augment: DomainAugmentSettings = DomainAugmentSettings()
    """Random changes against over-fitting."""
    augment_b: DomainAugmentSettings | None = None
    """Those of domain B, where its pictures are framed otherwise; null: as `augment`."""
    paired: bool = False
    """Draw pictures of one name together; needed by the paired identity term."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.path_b is not None and self.path is None:
            raise ValueError("data.path_b is set, but data.path is not: the two domains need both")
        return self

    @model_validator(mode="after")
    def _one_draw_for_pairs(self) -> Self:
        if self.paired and self.augment_b not in (None, self.augment):
            raise ValueError(
                "data.paired=true crops and flips both halves of a pair alike, but data.augment_b differs from "
                "data.augment: clear data.augment_b"
            )
        return self

    @property
    def augments(self) -> tuple[DomainAugmentSettings, DomainAugmentSettings]:
        """The random changes of domain A and of domain B."""
        return self.augment, self.augment_b or self.augment


class LabelledDataSettings(DataSettings):
    """Pictures of several classes, each in a folder of its own: cat/1.jpg, or train/cat/1.jpg."""

    synthetic_tasks: ClassVar[tuple[str, ...]] = ("styles",)

    classes: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False, min_length=2)] | None = None
    """Names of the class folders, in the order of their labels; null: all that are found, sorted."""
    balanced: bool = False
    """Draw every class equally often, however many pictures it has; off: every picture equally often."""

    @model_validator(mode="after")
    def _different_classes(self) -> Self:
        twice = [name for name in self.classes or () if (self.classes or ()).count(name) > 1]
        if twice:
            raise ValueError(f"data.classes names '{twice[0]}' more than once: each class has one label")
        return self


class ImageDataSettings(DataSettings):
    """Pictures that stand for themselves, without partners and classes."""

    synthetic_tasks: ClassVar[tuple[str, ...]] = ("styles",)


class UseSettings(Settings):
    """How a trained generator is run; saved with the model, so that use matches training."""

    norm: Literal["batch", "running"] = "running"
    """Batch norm statistics at use: of the picture at hand (arXiv:1611.07004, section 3.3) or the running ones."""
    dropout: bool = False
    """Dropout stays on at use as the source of noise (arXiv:1611.07004, section 3.3)."""
