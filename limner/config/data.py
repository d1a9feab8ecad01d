"""What a recipe may say of pictures: where they are, how they are paired, sized and augmented."""

from pathlib import Path
from typing import Annotated, Literal, Self

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
    """Enlarge, crop at random, flip at random: drawn once per pair (arXiv:1611.07004, appendix 6.2)."""

    enabled: bool = True
    """Off: each picture is resized to the training size and never varied."""
    enlarge: Annotated[float, Field(ge=1, le=2)] = 286 / 256
    """Pictures are resized to round(size * enlarge) before a random crop of size; 286 for 256 px (appendix 6.2)."""
    flip: Share = 0.5
    """Probability of a horizontal flip."""


class DeriveSettings(Settings):
    """Make the input picture out of the target, so that one folder of photographs is a paired task."""

    kind: Literal["edges", "grey", "low-resolution", "blur-noise"]
    """What becomes of a photograph: its edges, its grey form, few pixels, or a blurred and noisy copy."""
    strength: Annotated[float, Field(gt=0, le=16)] = 1.0
    """edges: Gaussian sigma before Canny, strength * (1 + size / 128) pixels; low-resolution: factor is 4 * strength;
    blur-noise: sigma 2 * strength px, noise 10 * strength of 255."""


class SyntheticSettings(Settings):
    """Facades that limner draws itself, with known truth, when `path` names no folder."""

    task: Literal["labels", "daynight"] = "labels"
    """labels: label map and facade as pairs; daynight: facades by day and other facades by night."""
    count: Annotated[int, Field(ge=10)] = 600
    """How many pairs, or how many pictures of each kind."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Another seed gives other facades."""


class DataSettings(Settings):
    """Pictures found by looking at the folder; every split that is missing is made deterministically."""

    path: PathSetting | None = None
    """Folder of pictures. Required to train, unless `synthetic` is set."""
    path_b: PathSetting | None = None
    """Second folder, when the two halves of the pairs live apart."""
    synthetic: SyntheticSettings | None = None
    """Set to let limner draw the pictures when `path` is not set."""
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """Which half is the input. For side-by-side pictures A is the left half."""
    size: Side = 256
    """Side of the square training pictures in pixels."""
    fit: Literal["stretch", "crop"] = "stretch"
    """How other shapes become square: stretch (the public pix2pix code) or the largest central square."""
    augment: AugmentSettings = AugmentSettings()
    """Random changes against over-fitting."""
    derive: DeriveSettings | None = None
    """Set when `path` is one folder of photographs and the input is to be made from them."""
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of pictures kept for validation when the folder has no split of its own."""
    workers: Annotated[int, Field(ge=0, le=64)] = 2
    """Threads that decode pictures and prepare batches ahead; 0 does it in the training loop. Results stay equal."""
    max_bad: Share = 0.2
    """Share of unreadable pictures that is skipped with a list; above it training is refused."""
    cache: Literal["auto", "memory", "disk"] = "auto"
    """Where decoded pictures live: memory when they fit in a quarter of what is free, else memory-mapped on disk."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.path_b is not None and self.path is None:
            raise ValueError("data.path_b is set, but data.path is not: the two halves of the pairs need both")
        if self.path_b is not None and self.derive is not None:
            raise ValueError(
                "data.derive makes the input out of data.path, but data.path_b gives a second half as well: clear one"
            )
        return self


class UseSettings(Settings):
    """How a trained generator is run; saved with the model, so that use matches training."""

    norm: Literal["batch", "running"] = "batch"
    """Batch norm statistics at use: of the picture at hand (arXiv:1611.07004, section 3.4) or the running ones."""
    dropout: bool = True
    """Dropout stays on at use as the source of noise (arXiv:1611.07004, section 3.4)."""
