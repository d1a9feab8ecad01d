"""PatchGAN discriminator of pix2pix (Isola et al. 2017, arXiv:1611.07004, section 3.2.2 and appendix 6.1.2)."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from limner.config.networks import PatchGANSettings, SigmoidPatchSettings
from limner.networks.base import SettingsNetwork, norm_layer


class PatchGAN(SettingsNetwork[PatchGANSettings]):
    """Judges every patch of a picture, given all pictures of the pair; gives logits, not probabilities.

    `PatchGANSettings` says what can be set. With the defaults it has exactly 2,768,705 parameters. A convolution has a
    bias exactly where no norm follows.
    """

    settings_class: ClassVar[type[PatchGANSettings]] = PatchGANSettings

    def _build(self, settings: PatchGANSettings) -> None:
        *inner, (kernel, stride) = settings.convolutions
        layers: list[nn.Module] = []
        before = settings.in_channels
        for level, (size, step) in enumerate(inner):
            after = settings.base_channels * min(2**level, 8)
            normalise = norm_layer(settings.norm, after) if level else None
            layers.append(nn.Conv2d(before, after, size, step, (size - 1) // 2, bias=normalise is None))
            if normalise is not None:
                layers.append(normalise)
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            before = after
        layers.append(nn.Conv2d(before, 1, kernel, stride, (kernel - 1) // 2))
        self.layers = nn.Sequential(*layers)

    def forward(self, *images: Tensor) -> Tensor:
        """Pictures (N, c, H, W), together in_channels channels -> (N, 1, h, w) logits, one a patch."""
        logits: Tensor = self.layers(torch.cat(images, dim=1))
        return logits


class SigmoidPatchGAN(PatchGAN):
    """A PatchGAN whose logits become probabilities, and their mean its one answer for a picture.

    `SigmoidPatchSettings` says what can be set.
    """

    settings_class = SigmoidPatchSettings

    def forward(self, *images: Tensor) -> Tensor:
        """Pictures (N, c, H, W), together in_channels channels -> (N,) probabilities in [0, 1], float32."""
        return super().forward(*images).float().sigmoid().mean(dim=(1, 2, 3))
