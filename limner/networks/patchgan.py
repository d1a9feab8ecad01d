"""PatchGAN discriminator of pix2pix (Isola et al. 2017, arXiv:1611.07004, section 3.2.2 and appendix 6.1.2)."""

from typing import Literal

import torch
from torch import Tensor, nn

from limner.config.networks import HALVINGS, Norm
from limner.networks.norm import norm_layer


class PatchGAN(nn.Module):
    """Judges every patch of a picture, given all pictures of the pair; gives logits, not probabilities.

    Args:
        receptive_field: of one output, in pixels. 70: C64-C128-C256-C512 and one output, strides 2-2-2-1-1, 30 x 30
            logits at 256 px. 1 has only 1 x 1 convolutions (the paper's PixelGAN).
        base_channels: channels of the first convolution; they double up to eight times this.
        kernel: kernel size; the fields are exact for 4.
        in_channels: channels of all pictures together.
        norm: norm of every convolution but the first and the last.

    With the defaults it has exactly 2,768,705 parameters. A convolution has a bias exactly where no norm follows.
    """

    def __init__(
        self,
        receptive_field: Literal[1, 16, 70, 286] = 70,
        base_channels: int = 64,
        kernel: int = 4,
        in_channels: int = 6,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        halvings = HALVINGS[receptive_field]
        size = 1 if receptive_field == 1 else kernel
        strides = [2] * halvings + [1]
        if receptive_field == 1:
            strides = [1, 1]
        channels = [base_channels * min(2**level, 8) for level in range(len(strides))]

        layers: list[nn.Module] = []
        for level, (before, after, stride) in enumerate(zip([in_channels, *channels], channels, strides, strict=False)):
            normalise = norm_layer(norm, after) if level else None
            layers.append(nn.Conv2d(before, after, size, stride, (size - 1) // 2, bias=normalise is None))
            if normalise is not None:
                layers.append(normalise)
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        layers.append(nn.Conv2d(channels[-1], 1, size, 1, (size - 1) // 2))
        self.layers = nn.Sequential(*layers)

    def forward(self, *images: Tensor) -> Tensor:
        """Pictures (N, c, H, W), together in_channels channels -> (N, 1, h, w) logits, one a patch."""
        logits: Tensor = self.layers(torch.cat(images, dim=1))
        return logits


class SigmoidPatchGAN(PatchGAN):
    """A PatchGAN whose logits become probabilities, and their mean its one answer for a picture.

    Args:
        receptive_field, base_channels, kernel, in_channels, norm: as for `PatchGAN`, with other defaults.
    """

    def __init__(
        self,
        receptive_field: Literal[1, 16, 70, 286] = 70,
        base_channels: int = 32,
        kernel: int = 4,
        in_channels: int = 3,
        norm: Norm = "instance",
    ) -> None:
        super().__init__(receptive_field, base_channels, kernel, in_channels, norm)

    def forward(self, *images: Tensor) -> Tensor:
        """Pictures (N, c, H, W), together in_channels channels -> (N,) probabilities in [0, 1], float32."""
        return super().forward(*images).float().sigmoid().mean(dim=(1, 2, 3))
