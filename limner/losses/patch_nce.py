"""Patchwise contrastive loss of CUT (Park et al. 2020, arXiv:2007.15651, equations 3 and 4)."""

import torch
from torch import Tensor


def patch_nce(queries: Tensor, keys: Tensor, temperature: float = 0.07) -> Tensor:
    """How badly each place of a translated picture finds its own place among the others of the same input picture.

    The cross-entropy of telling the key at the query's own place from those at the other places, by their scalar
    products divided by the temperature. Places of other pictures of the batch are no negatives.

    Args:
        queries: vectors of length 1 from the translated pictures, (N, P, C).
        keys: vectors of length 1 from the input pictures at the same places, (N, P, C); no gradient flows into them.
        temperature: the smaller, the sharper; 0.07 in the paper.

    Returns:
        A scalar, the mean over all places and pictures, float32; log(P) where all keys are alike.
    """
    with torch.autocast(queries.device.type, enabled=False):
        likeness = queries.float() @ keys.detach().float().transpose(1, 2) / temperature
    return (likeness.logsumexp(dim=2) - likeness.diagonal(dim1=1, dim2=2)).mean()
