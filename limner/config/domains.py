"""What a recipe may say of the pictures of a method that learns from two domains without pairs."""

from math import sqrt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from limner.config.data import AugmentSettings, DataSettings, PathSetting


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
        if not self.enabled:
            return size
        if self.least_share < 1:
            return min(round(size / sqrt(self.least_share)), 2 * size)
        return round(size * self.enlarge)


class DomainDataSettings(DataSettings):
    """Two domains of pictures, A and B, of any counts and sizes; pairs among them are not needed."""

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
    max_bad: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of unreadable pictures of a domain that is skipped with a list; above it training is refused."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.path_b is not None and self.path is None:
            raise ValueError("data.path_b is set, but data.path is not: the two domains need both")
        if self.derive is not None:
            raise ValueError(
                "data.derive makes pairs out of photographs, but CycleGAN and CUT learn from two domains: clear it and "
                "give the second folder with data.path_b"
            )
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
