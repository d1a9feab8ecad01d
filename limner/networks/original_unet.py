"""The first U-Net (Ronneberger et al. 2015, arXiv:1505.04597), padded so that pictures keep their size."""

from typing import Literal

import torch
from torch import Tensor, nn

from limner.config.networks import Norm, OriginalUNetSettings
from limner.networks.base import SettingsNetwork, norm_layer


class OriginalUNet(SettingsNetwork[OriginalUNetSettings]):
    """Two 3 x 3 convolutions a level, max-pooling between levels, skips joined on the way up, 1 x 1 convolution, tanh.

    `OriginalUNetSettings` says what can be set. A convolution has a bias exactly where no norm follows. With a norm the
    innermost level must have more than one pixel, so sides are at least 2 * 2**levels.
    """

    settings_class = OriginalUNetSettings

    def _build(self, settings: OriginalUNetSettings) -> None:
        norm = settings.norm
        channels = [settings.base_channels * 2**level for level in range(settings.levels + 1)]
        pairs = zip([settings.in_channels, *channels], channels, strict=False)
        self.encoder = nn.ModuleList(_two_convolutions(before, after, norm) for before, after in pairs)
        self.pool = nn.MaxPool2d(2)
        outwards = channels[-2::-1]
        self.enlarge = nn.ModuleList(_enlarge(settings.up, after) for after in outwards)
        self.decoder = nn.ModuleList(_two_convolutions(2 * after, after, norm) for after in outwards)
        self.last = nn.Sequential(nn.Conv2d(settings.base_channels, settings.out_channels, 1), nn.Tanh())

    def forward(self, image: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] -> (N, out_channels, H, W) in [-1, 1]; H and W multiples of 2**levels."""
        features = self.encoder[0](image)
        skips = []
        for block in list(self.encoder)[1:]:
            skips.append(features)
            features = block(self.pool(features))
        for enlarge, block in zip(self.enlarge, self.decoder, strict=True):
            features = block(torch.cat([skips.pop(), enlarge(features)], dim=1))
        drawn: Tensor = self.last(features)
        return drawn


def _two_convolutions(before: int, after: int, norm: Norm) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        normalise = norm_layer(norm, after)
        layers.append(nn.Conv2d(channels, after, 3, padding=1, bias=normalise is None))
        if normalise is not None:
            layers.append(normalise)
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _enlarge(up: Literal["bilinear", "nearest", "transposed"], after: int) -> nn.Module:
    if up == "transposed":
        return nn.ConvTranspose2d(2 * after, after, 2, stride=2)
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=up), nn.Conv2d(2 * after, after, 3, padding=1))
