"""What CUT compares patches with: a small network for each feature map (Park et al. 2020, arXiv:2007.15651, 3.2)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.linalg import vector_norm


class PatchHeads(nn.Module):
    """A two-layer perceptron for each feature map, which maps the vector at a place to one of length 1.

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
