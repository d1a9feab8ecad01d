"""What a recipe may say of networks. `limner.networks.build` turns each of these into a module."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, PositiveInt, Tag, model_validator

from limner.config.base import Settings

Norm = Literal["batch", "instance", "none"]
Sampling = Literal["strided", "antialiased", "bilinear", "nearest"]
Channels = Annotated[int, Field(ge=1, le=65_536)]
"""How many maps a layer has. The bound only keeps sizes countable: a file may say anything, and is looked at first."""


def _study_dropout_blocks(settings: dict[str, Any]) -> list[int]:
    return [block for block in (1, 2, 3, 4) if block < settings.get("levels", 8)]


class UNetSettings(Settings):
    """U-Net generator of pix2pix (arXiv:1611.07004, appendix 6.1.1)."""

    title: ClassVar[str] = "U-Net"

    kind: Literal["unet"] = "unet"
    """Which network it is."""
    levels: Annotated[int, Field(ge=2, le=12)] = 8
    """Number of halvings: pictures must be multiples of 2**levels. 8 for 256 px (54,414,531 parameters), 7 for 128."""
    base_channels: Channels = 64
    """Channels of the first level; doubled at each level up to 8 times this."""
    in_channels: Channels = 3
    """Channels of the input picture."""
    out_channels: Channels = 3
    """Channels of the output picture."""
    norm: Norm = "batch"
    """Norm of every block but the first and innermost of the encoder and the last of the decoder."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Probability of dropout in those decoder blocks that have it (section 3.2)."""
    dropout_blocks: list[PositiveInt] = Field(default_factory=_study_dropout_blocks)
    """Decoder blocks with dropout, counted from the innermost (1); the last block has none. By default 1-4, as in the
    study, as far as they exist; the paper: 1-3; the public code: 2-4."""

    @property
    def multiple(self) -> int:
        """Height and width of a picture must be multiples of this."""
        return 1 << self.levels

    @property
    def least(self) -> int:
        """Least height and width of a picture."""
        return self.multiple

    @model_validator(mode="after")
    def _blocks_exist(self) -> Self:
        if any(block >= self.levels for block in self.dropout_blocks):
            raise ValueError(
                f"generator.dropout_blocks is {self.dropout_blocks}, but with generator.levels={self.levels} only the "
                f"decoder blocks 1 to {self.levels - 1} can have dropout (the last one makes the picture)"
            )
        return self


class OriginalUNetSettings(Settings):
    """The first U-Net (arXiv:1505.04597): two 3 x 3 convolutions a level, max-pooling down; padded, ending in tanh."""

    title: ClassVar[str] = "original U-Net"

    kind: Literal["original-unet"] = "original-unet"
    """Which network it is."""
    levels: Annotated[int, Field(ge=1, le=8)] = 4
    """Number of halvings: pictures must be multiples of 2**levels. 4 gives 64-128-256-512-1024 channels."""
    base_channels: Channels = 64
    """Channels of the first level; doubled at each level."""
    up: Literal["bilinear", "nearest", "transposed"] = "bilinear"
    """How pictures grow again, with neither norm nor ReLU: enlarged and convolved 3 x 3, or by the paper's 2 x 2
    up-convolution. The study: bilinear is better."""
    in_channels: Channels = 3
    """Channels of the input picture."""
    out_channels: Channels = 3
    """Channels of the output picture."""
    norm: Norm = "instance"
    """Norm after every 3 x 3 convolution but those that enlarge; the paper has none."""

    @property
    def multiple(self) -> int:
        """Height and width of a picture must be multiples of this."""
        return 1 << self.levels

    @property
    def least(self) -> int:
        """Least height and width of a picture."""
        return 2 * self.multiple


class ResNetSettings(Settings):
    """ResNet generator of CycleGAN (arXiv:1703.10593, appendix 7.2)."""

    title: ClassVar[str] = "ResNet"

    kind: Literal["resnet"] = "resnet"
    """Which network it is."""
    blocks: Annotated[int, Field(ge=1, le=1_000)] = 9
    """Residual blocks of two 3 x 3 convolutions with reflection padding: 6 for 128 px, 9 for 256 px and more
    (11,378,179 parameters)."""
    base_channels: Channels = 64
    """Channels of the first convolution; four times as many in the blocks."""
    sampling: Sampling = "strided"
    """How pictures shrink and grow. strided: convolutions of stride 2, then transposed ones (CycleGAN); antialiased:
    convolved, blurred and halved, then doubled bilinearly and convolved (CUT, after arXiv:1904.11486); bilinear and
    nearest: convolutions of stride 2, then enlarged that way and convolved with reflection padding."""
    in_channels: Channels = 3
    """Channels of the input picture."""
    out_channels: Channels = 3
    """Channels of the output picture."""
    norm: Norm = "instance"
    """Norm after every convolution but the last."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability of dropout between the two convolutions of each residual block."""

    @property
    def multiple(self) -> int:
        """Height and width of a picture must be multiples of this."""
        return 4

    @property
    def least(self) -> int:
        """Least height and width of a picture."""
        return 8


class PatchGANSettings(Settings):
    """PatchGAN discriminator (arXiv:1611.07004, appendix 6.1.2)."""

    title: ClassVar[str] = "PatchGAN"

    kind: Literal["patchgan"] = "patchgan"
    """Which network it is."""
    receptive_field: Literal[1, 16, 70, 286] = 70
    """Receptive field of one output in pixels. 70: C64-C128-C256-C512 and one output, strides 2-2-2-1-1, 30 x 30 in all
    at 256 px; 1: only 1 x 1 convolutions, the paper's PixelGAN; 286: its ImageGAN at 256 px."""
    base_channels: Channels = 64
    """Channels of the first convolution; doubled at each one up to 8 times this."""
    kernel: Annotated[int, Field(ge=2, le=8)] = 4
    """Kernel size; the named fields hold for 4."""
    in_channels: Channels = 6
    """Channels of all pictures it sees together: 3 of the input and 3 of the output."""
    norm: Norm = "batch"
    """Norm of every convolution but the first and the last."""

    @property
    def outputs(self) -> Literal["logits", "probabilities"]:
        """What the network's numbers mean."""
        return "logits"

    @property
    def convolutions(self) -> list[tuple[int, int]]:
        """Kernel and stride of each convolution, that of the output last; a field has its size with kernels of 4."""
        if self.receptive_field == 1:
            return [(1, 1)] * 3
        halvings = {16: 1, 70: 3, 286: 5}[self.receptive_field]
        return [(self.kernel, stride) for stride in [2] * halvings + [1, 1]]

    def sides(self, size: int) -> list[int]:
        """Side in pixels of what each convolution puts out, for pictures of side `size`; the last is the logits'."""
        sides: list[int] = []
        for kernel, stride in self.convolutions:
            size = max((size + 2 * ((kernel - 1) // 2) - kernel) // stride + 1, 0)
            sides.append(size)
        return sides


class SigmoidPatchSettings(PatchGANSettings):
    """The study's discriminator: a narrow PatchGAN, a sigmoid, and the mean over all patches as its one answer."""

    title: ClassVar[str] = "PatchGAN with one answer"

    kind: Literal["sigmoid-patch"] = "sigmoid-patch"  # type: ignore[assignment]
    """Which network it is."""
    base_channels: Channels = 32
    """Channels of the first convolution; doubled at each one up to 8 times this."""
    in_channels: Channels = 3
    """Channels of all pictures it sees together."""
    norm: Norm = "instance"
    """Norm of every convolution but the first and the last."""

    @property
    def outputs(self) -> Literal["logits", "probabilities"]:
        """What the network's numbers mean."""
        return "probabilities"


def kind_or(default: str) -> Callable[[Any], str]:
    """Which of several settings is meant: the key `kind`, or the default where it is not said."""
    return lambda value: value.get("kind", default) if isinstance(value, dict) else str(getattr(value, "kind", default))


GeneratorSettings = UNetSettings | ResNetSettings | OriginalUNetSettings
DiscriminatorSettings = PatchGANSettings | SigmoidPatchSettings
NetworkSettings = GeneratorSettings | DiscriminatorSettings

_AnyGenerator = (
    Annotated[UNetSettings, Tag("unet")]
    | Annotated[ResNetSettings, Tag("resnet")]
    | Annotated[OriginalUNetSettings, Tag("original-unet")]
)
_AnyDiscriminator = Annotated[PatchGANSettings, Tag("patchgan")] | Annotated[SigmoidPatchSettings, Tag("sigmoid-patch")]

UNetFirst = Annotated[_AnyGenerator, Discriminator(kind_or("unet"))]
"""Any generator; a U-Net where the recipe names no kind."""
ResNetFirst = Annotated[_AnyGenerator, Discriminator(kind_or("resnet"))]
"""Any generator; a ResNet where the recipe names no kind."""
PatchGANFirst = Annotated[_AnyDiscriminator, Discriminator(kind_or("patchgan"))]
"""Any discriminator; a PatchGAN where the recipe names no kind."""
