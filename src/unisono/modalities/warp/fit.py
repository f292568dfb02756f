"""WARP [1] with LightFM's [2] initialisation, margin, bound and Adagrad: one function for both kinds of device.

References:
    [1] Weston, Bengio & Usunier, WSABIE: Scaling up to large vocabulary image annotation, IJCAI 2011.
    [2] Kula, Metadata embeddings for user and item cold-start recommendations, CBRecSys 2015 (LightFM).
"""

import torch
from scipy import sparse

from unisono.modalities.warp.factors import Factors
from unisono.training.devices import enough_memory


def fit_warp(
    interactions_UI: sparse.csr_matrix,
    *,
    dim: int,
    epochs: int,
    learning_rate: float,
    max_sampled: int,
    batch_size: int,
    seed: int,
    device: torch.device,
) -> Factors:
    """Factorise a users x items matrix by the WARP loss [1], with Adagrad: for one seed and device, the same result.

    For each interaction, negatives are drawn until one scores above the positive less a margin of 1; the number of
    draws estimates the positive's rank, and log(rank) weighs the step. The losses are weight x hinge, per interaction.
    A CPU takes a step an interaction, a GPU one a batch; the factors differ as those of two seeds do.

    Args:
        interactions_UI: every non-zero entry is a positive, and weighs its steps as LightFM's `sample_weight` does.
        max_sampled: negatives tried per positive; one without a violation in as many tries is left alone.
        batch_size: interactions per step of a GPU, at most; fewer where there are not enough for 20 steps an epoch.
    """
    # Imported here: numba takes a moment, which only the one has a use for.
    if device.type == "cpu":
        from unisono.modalities.warp.sequential import fit_sequential

        return fit_sequential(interactions_UI, dim, epochs, learning_rate, max_sampled, seed)
    from unisono.modalities.warp.batched import fit_batched

    with enough_memory(f"params.yaml: cf.batch_size ({batch_size})"):
        return fit_batched(interactions_UI, dim, epochs, learning_rate, max_sampled, batch_size, seed, device)
