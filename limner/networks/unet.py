"""U-Net generator of pix2pix (Isola et al. 2017, arXiv:1611.07004, appendix 6.1.1)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from limner.config.networks import Norm
from limner.networks.norm import norm_layer


class UNet(nn.Module):
    """Encoder and decoder of k4 s2 p1 (transposed) convolutions, joined level by level by skip connections.

    Args:
        levels: number of halvings; pictures must be multiples of 2**levels.
        base_channels: channels of the first level; they double down to eight times this.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
        norm: norm of every block but the first and innermost of the encoder and the last of the decoder.
        dropout: probability of dropout in the decoder.
        dropout_blocks: decoder blocks that have it, counted from the innermost, which is 1.

    With the defaults it has exactly 54,414,531 parameters. A convolution has a bias exactly where no norm follows.
    """

    def __init__(
        self,
        levels: int = 8,
        base_channels: int = 64,
        in_channels: int = 3,
        out_channels: int = 3,
        norm: Norm = "batch",
        dropout: float = 0.5,
        dropout_blocks: Sequence[int] = (1, 2, 3, 4),
    ) -> None:
        super().__init__()
        channels = [base_channels * min(2**level, 8) for level in range(levels)]

        self.encoder = nn.ModuleList()
        for level, (before, after) in enumerate(zip([in_channels, *channels], channels, strict=False)):
            plain = level in (0, levels - 1)
            activation = nn.LeakyReLU(0.2, inplace=True) if level else None
            self.encoder.append(_block(activation, nn.Conv2d, before, after, "none" if plain else norm))

        self.decoder = nn.ModuleList()
        for block, after in enumerate(reversed(channels[:-1]), start=1):
            before = channels[-1] if block == 1 else 2 * channels[levels - block]
            drop = nn.Dropout(dropout) if block in dropout_blocks and dropout else None
            self.decoder.append(_block(nn.ReLU(inplace=True), nn.ConvTranspose2d, before, after, norm, drop))
        last = _block(nn.ReLU(inplace=True), nn.ConvTranspose2d, 2 * base_channels, out_channels, "none", nn.Tanh())
        self.decoder.append(last)

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
