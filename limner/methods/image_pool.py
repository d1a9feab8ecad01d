"""A pool of generated pictures, so that a discriminator does not forget what it has seen through."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from limner.data.batch import to_bytes, to_range
from limner.random import Draw


class ImagePool(nn.Module):
    """Keeps generated pictures and hands out old ones in place of new ones (Shrivastava et al. 2017, arXiv:1612.07828,
    section 2.3; 50 pictures: CycleGAN, arXiv:1703.10593, section 4).

    Until it is full every picture is kept and handed on. Then each is handed on with probability 1/2; otherwise it is
    kept in the place of a random one, which is handed out instead. In evaluation mode all are handed on and none is
    kept. Pictures are kept as bytes, the form in which real ones come. Everything is a buffer, so checkpoints hold it;
    nothing asks the device for a value.

    Args:
        length: pictures kept; 0 keeps none and hands everything on.
        size: their side in pixels.
        channels: of a picture.
    """

    images: Tensor
    count: Tensor

    def __init__(self, length: int, size: int, channels: int = 3) -> None:
        super().__init__()
        self.length = length
        self.register_buffer("images", torch.zeros(length, channels, size, size, dtype=torch.uint8))
        self.register_buffer("count", torch.zeros(1, dtype=torch.int64))

    @torch.no_grad()
    def forward(self, fakes: Tensor, draw: Draw) -> Tensor:
        """Generated pictures (N, channels, size, size) in [-1, 1] -> as many, new or old, without a gradient."""
        if not self.training or not self.length:
            return fakes.detach()
        coins, places = draw.uniform(len(fakes)), draw.integers(self.length, len(fakes))
        shown = [self._exchange(fakes[i : i + 1], coins[i : i + 1], places[i : i + 1]) for i in range(len(fakes))]
        return torch.cat(shown)

    def _exchange(self, fake: Tensor, coin: Tensor, place: Tensor) -> Tensor:
        filling = self.count < self.length
        place = torch.where(filling, self.count.clamp_max(self.length - 1), place)
        old = self.images.index_select(0, place)
        shows_old = ~filling & (coin > 0.5)
        keeps_new = (filling | shows_old)[:, None, None, None]
        self.images.index_copy_(0, place, torch.where(keeps_new, to_bytes(fake), old))
        self.count += filling
        return torch.where(shows_old[:, None, None, None], to_range(old).to(fake.dtype), fake)
