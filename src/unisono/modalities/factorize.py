"""From playlists to song factors, by WARP, BPR or ALS, with held-out ranking metrics."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
from implicit.evaluation import ranking_metrics_at_k
from scipy import sparse
from threadpoolctl import threadpool_limits

from unisono.modalities.warp.factors import Factors
from unisono.modalities.warp.fit import fit_warp
from unisono.params import CF

K = 100
MEASURED = 10_000  # playlists at most: all of Melon's would take a quarter of an hour, for a digit more


@dataclass(frozen=True)
class Factorization:
    """A vector for each of N songs.

    Attributes:
        track_ids: the songs, in the order they were given.
        factors_ND: float32; all zeros for a song without interactions.
        biases_N: float32 item biases; zeros for ALS, which has none. The published code appends them to the factors.
        losses: per epoch of the fit on all interactions; empty for BPR, which reports none.
        held_out: recall@100, ndcg@100 and map@100 of a fit without the hidden interactions, over 10,000 playlists that
            hide one, drawn by the seed, if there are more; empty when none are hidden.
        n_playlists: with at least one of the songs.
        n_interactions: pairs of a playlist and a song.
        n_hidden: those that were hidden for `held_out`.
        n_without_interactions: songs that are in no playlist.
    """

    track_ids: list[str]
    factors_ND: np.ndarray
    biases_N: np.ndarray
    losses: list[float]
    held_out: dict[str, float]
    n_playlists: int
    n_interactions: int
    n_hidden: int
    n_without_interactions: int


def factorize(
    playlists: pd.Series,
    track_ids: list[str],
    params: CF,
    device: torch.device | None = None,
    counts: pd.Series | None = None,
) -> Factorization:
    """Factorise the playlists x songs matrix; the exported factors have seen all interactions.

    Args:
        playlists: list[str] of track ids; those that are not in `track_ids` are left out, repeated ones count once.
        track_ids: the songs of the training and validation parts.
        device: where WARP runs, by default the CPU; BPR and ALS run on the CPU always.
        counts: list[float] of how often each song of `playlists` was played, each song named once. An interaction
            weighs count ** params.count_power, over the mean of all; by default, and with 0, all weigh the same.

    Where fewer than two songs are in playlists there is nothing to learn, and all factors are zeros.
    """
    device = device or torch.device("cpu")
    weights = None if counts is None or params.count_power == 0 else counts
    interactions_UN = _interactions(playlists, track_ids, weights, params.count_power)
    # Songs that are in no playlist tell nothing and would only be easy negatives.
    known = np.flatnonzero(interactions_UN.getnnz(axis=0))
    if len(known) < 2:
        nothing_N = np.zeros(len(track_ids), dtype=np.float32)
        return Factorization(
            track_ids,
            np.zeros((len(track_ids), params.dim), dtype=np.float32),
            nothing_N,
            [],
            {},
            0,
            0,
            0,
            len(track_ids),
        )
    interactions_UI = interactions_UN[:, known]

    train_UI, hidden_UI = _hide(interactions_UI, params.holdout, params.seed)
    held_out = {}
    if hidden_UI.nnz:
        fitted, drawn = _fit(train_UI, params, device), _draw(hidden_UI, params.seed)
        held_out = _ranking_metrics(fitted.users_UD[drawn], fitted, train_UI[drawn], hidden_UI[drawn])
    factors = _fit(interactions_UI, params, device)

    factors_ND = np.zeros((len(track_ids), params.dim), dtype=np.float32)
    biases_N = np.zeros(len(track_ids), dtype=np.float32)
    factors_ND[known], biases_N[known] = factors.items_ID, factors.biases_I
    return Factorization(
        track_ids,
        factors_ND,
        biases_N,
        factors.losses,
        held_out,
        n_playlists=interactions_UI.shape[0],
        n_interactions=interactions_UI.nnz,
        n_hidden=hidden_UI.nnz,
        n_without_interactions=len(track_ids) - len(known),
    )


def _interactions(
    playlists: pd.Series, track_ids: list[str], counts: pd.Series | None, power: float
) -> sparse.csr_matrix:
    """A matrix of weights (playlists with a known song, songs); without counts, of ones."""
    tracks = playlists.reset_index(drop=True).explode().dropna()
    column = pd.Index(track_ids).get_indexer(pd.Index(tracks))
    row, _ = pd.factorize(tracks.index[column >= 0])
    weight = np.ones(len(row), dtype=np.float32)
    if counts is not None:
        plays = counts.explode().dropna().to_numpy(dtype=np.float64)[column >= 0]
        weight = (plays**power / np.mean(plays**power)).astype(np.float32)
        weight = np.maximum(weight, np.finfo(np.float32).tiny)  # a stored zero would be no interaction
    column = column[column >= 0]
    shape = (int(row.max(initial=-1)) + 1, len(track_ids))
    matrix = sparse.csr_matrix((weight, (row, column)), shape=shape)
    if counts is None:
        matrix.data[:] = 1
    return matrix


def _hide(interactions_UI: sparse.csr_matrix, share: float, seed: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Take a share of the interactions out: the rest, and what was taken."""
    hidden = np.zeros(interactions_UI.nnz, dtype=bool)
    hidden[np.random.default_rng(seed).permutation(len(hidden))[: int(share * len(hidden))]] = True
    row, column = interactions_UI.nonzero()

    def part(keep: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((interactions_UI.data[keep], (row[keep], column[keep])), shape=interactions_UI.shape)

    return part(~hidden), part(hidden)


def _fit(interactions_UI: sparse.csr_matrix, params: CF, device: torch.device) -> Factors:
    match params.model:
        case "warp":
            return fit_warp(
                interactions_UI,
                dim=params.dim,
                epochs=params.epochs,
                learning_rate=params.learning_rate,
                max_sampled=params.max_sampled,
                batch_size=params.batch_size,
                seed=params.seed,
                device=device,
            )
        case "bpr":
            return _fit_bpr(interactions_UI, params)
        case "als":
            return _fit_als(interactions_UI, params)


def _fit_bpr(interactions_UI: sparse.csr_matrix, params: CF) -> Factors:
    # One thread: several would race for the same rows.
    model = BayesianPersonalizedRanking(
        factors=params.dim,
        iterations=params.epochs,
        learning_rate=params.learning_rate,
        num_threads=1,
        random_state=params.seed,
    )
    model.fit(interactions_UI)
    # implicit keeps the bias as the last of its dimensions.
    return Factors(model.user_factors[:, :-1], model.item_factors[:, :-1], model.item_factors[:, -1])


def _fit_als(interactions_UI: sparse.csr_matrix, params: CF) -> Factors:
    losses: list[float] = []
    # implicit asks for a single-threaded BLAS beside its own loops.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=params.dim,
            iterations=params.epochs,
            calculate_training_loss=True,
            num_threads=1,
            random_state=params.seed,
        )
        model.fit(interactions_UI, callback=lambda epoch, seconds, loss: losses.append(float(loss)))
    return Factors(model.user_factors, model.item_factors, np.zeros(interactions_UI.shape[1], dtype=np.float32), losses)


class _Ranker(MatrixFactorizationBase):
    """implicit's ranking over factors that are already fitted, whoever fitted them."""

    def fit(self, user_items: sparse.csr_matrix, show_progress: bool = True) -> None:
        raise NotImplementedError("the factors are given")

    def save(self, fileobj_or_path: str) -> None:
        raise NotImplementedError("the factors are kept by unisono.artifacts.vectors")


def _draw(hidden_UI: sparse.csr_matrix, seed: int) -> np.ndarray:
    """The playlists, in their order, that hide an interaction, or MEASURED of them."""
    hiding = np.flatnonzero(hidden_UI.getnnz(axis=1))
    if len(hiding) <= MEASURED:
        return hiding
    return np.sort(np.random.default_rng(seed).choice(hiding, MEASURED, replace=False))


def _ranking_metrics(
    users_UD: np.ndarray, factors: Factors, train_UI: sparse.csr_matrix, hidden_UI: sparse.csr_matrix
) -> dict[str, float]:
    """implicit's metrics of the best 100 songs that are not in the playlist's training part.

    What implicit calls precision at k is hits / min(k, hidden songs), both summed over the playlists: a recall that
    can reach 1.
    """
    model = _Ranker(num_threads=1)
    # A bias is one more dimension, in which every user is 1.
    model.user_factors = np.hstack([users_UD, np.ones((len(users_UD), 1), dtype=np.float32)])
    model.item_factors = np.hstack([factors.items_ID, factors.biases_I[:, None]])
    with threadpool_limits(1, "blas"):
        metrics = ranking_metrics_at_k(
            model, train_UI, hidden_UI, K=min(K, train_UI.shape[1]), show_progress=False, num_threads=1
        )
    return {"recall@100": metrics["precision"], "ndcg@100": metrics["ndcg"], "map@100": metrics["map"]}
