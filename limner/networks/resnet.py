"""ResNet generator of CycleGAN (Zhu et al. 2017, arXiv:1703.10593, appendix 7.2) and of CUT (arXiv:2007.15651)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import conv2d, pad

from limner.config.networks import Norm, ResNetSettings, Sampling
from limner.networks.base import SettingsNetwork, norm_layer


class ResNetGenerator(SettingsNetwork[ResNetSettings]):
    """A 7 x 7 convolution, two halvings, residual blocks at a quarter of the size, two doublings, a 7 x 7 convolution.

    `ResNetSettings` says what can be set. With the defaults it has exactly 11,378,179 parameters. As in the public
    code, convolutions have a bias even before instance norm, which cancels it; before batch norm they have none. Sides
    of pictures must be multiples of 4, and at least 8.

    Attributes:
        feature_channels: channels of each of the maps that `features` gives.
    """

    settings_class = ResNetSettings

    def _build(self, settings: ResNetSettings) -> None:
        base_channels, norm, sampling = settings.base_channels, settings.norm, settings.sampling
        bias = norm != "batch"
        parts: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(settings.in_channels, base_channels, 7, bias=bias)]
        parts += _after(norm, base_channels)
        taps = [0]
        for channels in (2 * base_channels, 4 * base_channels):
            taps.append(len(parts))
            stride = 1 if sampling == "antialiased" else 2
            parts += [nn.Conv2d(channels // 2, channels, 3, stride, 1, bias=bias), *_after(norm, channels)]
            if sampling == "antialiased":
                parts.append(_BlurredHalf(channels))
        taps += sorted({len(parts), len(parts) + min(settings.blocks, 5) - 1})
        parts += [_Block(4 * base_channels, norm, settings.dropout) for _ in range(settings.blocks)]
        for channels in (2 * base_channels, base_channels):
            parts += [*_doubling(sampling, channels, bias), *_after(norm, channels)]
        parts += [nn.ReflectionPad2d(3), nn.Conv2d(base_channels, settings.out_channels, 7), nn.Tanh()]
        self.layers = nn.Sequential(*parts)
        self._taps = taps
        self.feature_channels = [
            settings.in_channels,
            2 * base_channels,
            4 * base_channels,
            *[4 * base_channels] * (len(taps) - 3),
        ]

    def forward(self, image: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] -> (N, out_channels, H, W) in [-1, 1]; H and W multiples of 4."""
        translated: Tensor = self.layers(image)
        return translated

    def features(self, image: Tensor) -> list[Tensor]:
        """The maps that CUT compares (section 3.2 and appendix C.1): pixels, two halvings, blocks 1 and 5.

        They are the padded picture (N, in_channels, H + 6, W + 6), what the convolutions of the two halvings give
        before norm, and what residual blocks 1 and 5 give (N, 4 * base_channels, H / 4, W / 4); with fewer blocks the
        last one stands for block 5, and a single block appears once. Nothing behind the last of them is computed.
        """
        found = []
        for index, layer in enumerate(self.layers[: self._taps[-1] + 1]):
            image = layer(image)
            if index in self._taps:
                found.append(image)
        return found


class PatchHeads(nn.Module):
    """What CUT compares patches with: a two-layer perceptron for each feature map, which maps the vector at a place to
    one of length 1 (arXiv:2007.15651, section 3.2).

    Args:
        channels: channels of each feature map, such as `ResNetGenerator.feature_channels`.
        width: numbers in the hidden layer and in the result.

    Built whole before the first batch, so an optimiser that is made early holds every weight.
    """

    def __init__(self, channels: Sequence[int], width: int = 256) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.ReLU(inplace=True), nn.Linear(width, width)) for count in channels
        )

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Look at some places of each map.

        Args:
            features: one map (N, c, h, w) for each head.
            places: for each map the places to look at, int64 (patches,), numbered row by row: 0 to h * w - 1. They
                are the same in every picture of the batch.

        Returns:
            For each map (N, patches, width), float32, each vector divided by its length + 1e-7.
        """
        results = []
        for head, map_, place in zip(self.heads, features, places, strict=True):
            vectors = head(map_.flatten(2)[:, :, place].transpose(1, 2)).float()
            results.append(vectors / (vector_norm(vectors, dim=-1, keepdim=True) + 1e-7))
        return results


class _Block(nn.Module):
    """Two convolutions whose result is added to what came in; no ReLU after the sum."""

    def __init__(self, channels: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        first, second = (_reflecting(channels, channels, bias=norm != "batch") for _ in range(2))
        drop = [nn.Dropout(dropout)] if dropout else []
        last = norm_layer(norm, channels)
        self.layers = nn.Sequential(first, *_after(norm, channels), *drop, second, *([last] if last else []))

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.layers(features)
        return features + change


class _BlurredHalf(nn.Module):
    """Blur each channel by [1, 2, 1] x [1, 2, 1] / 16 and keep every second pixel; even sides, borders reflected."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        self.kernel: Tensor
        self.register_buffer("kernel", torch.outer(line, line).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        # With even sides no window reaches beyond the right and the lower border.
        padded = pad(features, (1, 0, 1, 0), mode="reflect")
        return conv2d(padded, self.kernel, stride=2, groups=features.shape[1])


def _after(norm: Norm, channels: int) -> list[nn.Module]:
    """What follows a convolution. Without a norm the ReLU must spare its input, which may be one of the features."""
    normalise = norm_layer(norm, channels)
    return [nn.ReLU()] if normalise is None else [normalise, nn.ReLU(inplace=True)]


def _doubling(sampling: Sampling, channels: int, bias: bool) -> list[nn.Module]:
    """Twice the size, half the channels; `channels` are those that remain."""
    if sampling == "strided":
        return [nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, output_padding=1, bias=bias)]
    if sampling == "antialiased":
        # Interpolation is what the public code computes by a transposed convolution with [1, 3, 3, 1] x [1, 3, 3, 1].
        return [nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(2 * channels, channels, 3, 1, 1, bias=bias)]
    return [nn.Upsample(scale_factor=2, mode=sampling), _reflecting(2 * channels, channels, bias)]


def _reflecting(before: int, after: int, bias: bool) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1, padding_mode="reflect", bias=bias)
