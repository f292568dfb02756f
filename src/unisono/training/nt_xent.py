"""NT-Xent, the contrastive loss that aligns two views or two modalities.

References:
    [1] Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020.
    [2] Ferraro et al., Enriched Music Representations with Multiple Cross-modal Contrastive Learning, 2021, eq. 9-12.
"""

import torch
from torch import Tensor
from torch.nn import functional


def nt_xent(a_BD: Tensor, b_BD: Tensor, temperature: float) -> Tensor:
    """Mean over the 2B items of -log softmax of the paired item among all the 2B - 1 others.

    The denominator runs over both modalities' items, only the item itself left out ([2], eq. 9), so negatives
    are cross-modal and within-modality. [2] sums where this takes the mean, so that the learning rate does not
    depend on the batch size. Computed in float32 whatever the input's precision.

    Args:
        a_BD, b_BD: paired rows (B, D), any scale: similarity is the cosine.
        temperature: tau > 0.

    Returns:
        A scalar.

    Raises:
        ValueError: the shapes differ, or the temperature is not positive.
    """
    if a_BD.shape != b_BD.shape or a_BD.ndim != 2:
        raise ValueError(f"expected two (B, D) tensors of one shape, found {tuple(a_BD.shape)} and {tuple(b_BD.shape)}")
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, expected a positive number")
    batch = len(a_BD)
    with torch.autocast(a_BD.device.type, enabled=False):
        items = functional.normalize(torch.cat([a_BD, b_BD]).float(), dim=1)
        similarity = items @ items.T / temperature
        similarity = similarity.masked_fill(torch.eye(2 * batch, dtype=torch.bool, device=items.device), -torch.inf)
        partner = torch.arange(2 * batch, device=items.device).roll(batch)
        return functional.cross_entropy(similarity, partner)
