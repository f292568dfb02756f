"""Playlists to factorise, and how well factors find what was hidden of them."""

import numpy as np
import pandas as pd
from scipy import sparse

from unisono.modalities.warp.factors import Factors


def playlists(n_playlists: int, n_songs: int, seed: int, n_styles: int = 20) -> pd.Series:
    """Playlists of listeners who like a few styles, with popularity skew; the last ten songs are in none."""
    rng = np.random.default_rng(seed)
    style = rng.integers(n_styles, size=n_songs)
    popularity = rng.zipf(1.6, n_songs).clip(max=200).astype(float)
    popularity[-10:] = 0
    lists = []
    for _ in range(n_playlists):
        taste = rng.dirichlet(np.full(n_styles, 0.05))
        weight = popularity * (taste[style] + 0.05 / n_styles)
        length = int(np.clip(rng.lognormal(np.log(25), 0.6), 3, n_songs // 3))
        lists.append([f"song{i}" for i in rng.choice(n_songs, size=length, replace=False, p=weight / weight.sum())])
    return pd.Series(lists)


def songs(n: int) -> list[str]:
    return [f"song{i}" for i in range(n)]


def matrix(lists: pd.Series, n_songs: int) -> sparse.csr_matrix:
    pairs = lists.explode().str.removeprefix("song").astype(int)
    return sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs.index, pairs)), shape=(len(lists), n_songs))


def hide(interactions_UI: sparse.csr_matrix, seed: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    hidden = np.random.default_rng(seed).random(interactions_UI.nnz) < 0.1
    train = interactions_UI.copy()
    train.data[hidden] = 0
    train.eliminate_zeros()
    return train, (interactions_UI - train).toarray() > 0


def recall_and_ndcg(factors: Factors, train: sparse.csr_matrix, hidden_UI: np.ndarray, k: int = 100) -> list[float]:
    """By brute force: recall summed over users, and nDCG, averaged over users with hidden items."""
    score_UI = factors.users_UD @ factors.items_ID.T + factors.biases_I
    score_UI[train.toarray() > 0] = -np.inf
    hits_UK = np.take_along_axis(hidden_UI, np.argsort(-score_UI, axis=1)[:, :k], axis=1)
    n_U = np.minimum(hidden_UI.sum(axis=1), k)
    discount_K = 1 / np.log2(np.arange(2, k + 2))
    ideal_U = np.concatenate([[np.inf], discount_K.cumsum()])[n_U]
    return [hits_UK.sum() / n_U.sum(), ((hits_UK @ discount_K) / ideal_U)[n_U > 0].mean()]
