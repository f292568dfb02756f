"""Ranking metrics over many lists at once. Shapes: P playlists, K places of a list."""

import numpy as np


def ndcg_at_k(hits_PK: np.ndarray, relevant_P: np.ndarray) -> np.ndarray:
    """Return each list's normalised discounted cumulative gain at k, (p,), with binary gains.

    Args:
        hits_PK: whether the list's item at each place is relevant.
        relevant_P: how many relevant items there are, in the list or not; at least one. The ideal list holds
            min(k, relevant) of them at its top.
    """
    k = hits_PK.shape[1]
    discounts_K = 1 / np.log2(np.arange(2, k + 2))
    ideal_P = np.cumsum(discounts_K)[np.minimum(relevant_P, k) - 1]
    return hits_PK @ discounts_K / ideal_P


def recall_at_k(hits_PK: np.ndarray, relevant_P: np.ndarray) -> np.ndarray:
    """Return each list's share of the relevant items that are among its k, (p,), which is below 1 where k are too few.

    The arguments are `ndcg_at_k`'s.
    """
    return hits_PK.sum(axis=1) / relevant_P


def average_precision_at_k(hits_PK: np.ndarray, relevant_P: np.ndarray) -> np.ndarray:
    """Return each list's average precision at k, (p,): the precisions at its hits over min(k, relevant).

    The arguments are `ndcg_at_k`'s; the mean over lists is MAP@k.
    """
    k = hits_PK.shape[1]
    precision_PK = np.cumsum(hits_PK, axis=1) / np.arange(1, k + 1)
    return (precision_PK * hits_PK).sum(axis=1) / np.minimum(relevant_P, k)
