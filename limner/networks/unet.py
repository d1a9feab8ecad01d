"""U-Net generator of pix2pix (Isola et al. 2017, arXiv:1611.07004, appendix 6.1.1)."""

import torch
from torch import Tensor, nn

from limner.config.networks import Norm, UNetSettings
from limner.networks.base import SettingsNetwork, norm_layer


class UNet(SettingsNetwork[UNetSettings]):
    """Encoder and decoder of k4 s2 p1 (transposed) convolutions, joined level by level by skip connections.

    `UNetSettings` says what can be set. With the defaults it has exactly 54,414,531 parameters. A convolution has a
    bias exactly where no norm follows.
    """

    settings_class = UNetSettings

    def _build(self, settings: UNetSettings) -> None:
        levels, norm = settings.levels, settings.norm
        channels = [settings.base_channels * min(2**level, 8) for level in range(levels)]

        self.encoder = nn.ModuleList()
        for level, (before, after) in enumerate(zip([settings.in_channels, *channels], channels, strict=False)):
            plain = level in (0, levels - 1)
            activation = nn.LeakyReLU(0.2, inplace=True) if level else None
            self.encoder.append(_block(activation, nn.Conv2d, before, after, "none" if plain else norm))

        self.decoder = nn.ModuleList()
        for block, after in enumerate(reversed(channels[:-1]), start=1):
            before = channels[-1] if block == 1 else 2 * channels[levels - block]
            dropped = settings.dropout and block in settings.dropout_blocks
            drop = nn.Dropout(settings.dropout) if dropped else None
            self.decoder.append(_block(nn.ReLU(inplace=True), nn.ConvTranspose2d, before, after, norm, drop))
        ends = 2 * settings.base_channels, settings.out_channels
        self.decoder.append(_block(nn.ReLU(inplace=True), nn.ConvTranspose2d, *ends, "none", nn.Tanh()))

    def forward(self, image: Tensor) -> Tensor:
        """(N, in_channels, H, W) in [-1, 1] -> (N, out_channels, H, W) in [-1, 1]; H and W multiples of 2**levels."""
        skips = []
        for block in self.encoder:
            image = block(image)
            skips.append(image)
        image = self.decoder[0](skips.pop())
        for block in list(self.decoder)[1:]:
            image = block(torch.cat([skips.pop(), image], dim=1))
        return image


def _block(
    activation: nn.Module | None,
    convolution: type[nn.Conv2d] | type[nn.ConvTranspose2d],
    before: int,
    after: int,
    norm: Norm,
    last: nn.Module | None = None,
) -> nn.Sequential:
    normalise = norm_layer(norm, after)
    layer = convolution(before, after, kernel_size=4, stride=2, padding=1, bias=normalise is None)
    return nn.Sequential(*(part for part in (activation, layer, normalise, last) if part is not None))
