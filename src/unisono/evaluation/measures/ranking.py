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


def average_precision_at_k(hits_PK: np.ndarray, relevant_P: np.ndarray) -> np.ndarray:
    """Return each list's average precision at k, (p,): the precisions at its hits over min(k, relevant).

    The arguments are `ndcg_at_k`'s; the mean over lists is MAP@k.
    """
    k = hits_PK.shape[1]
    precision_PK = np.cumsum(hits_PK, axis=1) / np.arange(1, k + 1)
    return (precision_PK * hits_PK).sum(axis=1) / np.minimum(relevant_P, k)


def ndcg_by_chance(relevant_P: np.ndarray, candidates: int, k: int) -> np.ndarray:
    """Return what `ndcg_at_k` of each list is on average over all orders of the candidates, (p,)."""
    discounts_K = 1 / np.log2(np.arange(2, k + 2))
    ideal_P = np.cumsum(discounts_K)[np.minimum(relevant_P, k) - 1]
    return relevant_P / candidates * discounts_K[:candidates].sum() / ideal_P


def average_precision_by_chance(relevant_P: np.ndarray, candidates: int, k: int) -> np.ndarray:
    """Return what `average_precision_at_k` of each list is on average over all orders of the candidates, (p,)."""
    places_K = np.arange(1, min(k, candidates) + 1)
    # Where a place holds a relevant one, each of the places before it does so with probability (r - 1) / (n - 1).
    before_PK = (places_K - 1) * (relevant_P[:, None] - 1) / max(candidates - 1, 1)
    return relevant_P / candidates * ((1 + before_PK) / places_K).sum(axis=1) / np.minimum(relevant_P, k)
