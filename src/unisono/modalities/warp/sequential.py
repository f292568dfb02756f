"""WARP on a CPU: a step an interaction, one after another, in a loop that numba compiles.

numba keeps no cache of what it compiled: that takes a second or two, and the package may lie where nothing can be
written.

Legend of the suffixes: U users, I items, P interactions, C those of a chunk, R rows (users or items), D dimension.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import sparse
from tqdm import tqdm

from unisono.modalities.warp.factors import MAX_WEIGHT, Factors

# Interactions between two returns to Python, which only then answers an interrupt: about a second's.
_CHUNK = 100_000
# Sums may be reordered, so that the processor adds several numbers at once; infinities and NaNs stay what they are. Nor
# does it compute several roots at once where each division must first be checked for Python's ZeroDivisionError.
_compiled = njit(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")


class _Positives(NamedTuple):
    """The interactions, by user and item; those of user u are from `begin_U[u]` to `begin_U[u + 1]`."""

    user_P: np.ndarray
    item_P: np.ndarray
    weight_P: np.ndarray
    begin_U: np.ndarray


class _Adagrad(NamedTuple):
    """Rows of values, and the sums of their squared gradients."""

    values_RD: np.ndarray
    squares_RD: np.ndarray


def fit_sequential(
    interactions_UI: sparse.csr_matrix, dim: int, epochs: int, learning_rate: float, max_sampled: int, seed: int
) -> Factors:
    """See `fit_warp`."""
    positives = _positives(interactions_UI)
    n_users, n_items = interactions_UI.shape
    rng = np.random.default_rng(seed)
    users, items = (_adagrad((rng.random((n, dim), np.float32) - np.float32(0.5)) / dim) for n in (n_users, n_items))
    biases = _adagrad(np.zeros((n_items, 1), np.float32))
    rate = np.float32(learning_rate)
    losses = []
    for _ in (progress := tqdm(range(epochs), desc="WARP", unit="epoch")):
        order_P = rng.permutation(len(positives.user_P))
        chunks = (order_P[start : start + _CHUNK] for start in range(0, len(order_P), _CHUNK))
        loss = sum(_steps(chunk_C, positives, users, items, biases, rate, max_sampled, rng) for chunk_C in chunks)
        losses.append(loss / len(order_P))
        progress.set_postfix(loss=f"{losses[-1]:.4f}")
    return Factors(users.values_RD, items.values_RD, biases.values_RD[:, 0], losses)


def _positives(interactions_UI: sparse.csr_matrix) -> _Positives:
    positives_UI = interactions_UI.copy()
    positives_UI.eliminate_zeros()
    positives_UI.sort_indices()
    begin_U = positives_UI.indptr
    user_P = np.repeat(np.arange(len(begin_U) - 1), np.diff(begin_U))
    return _Positives(user_P, positives_UI.indices.astype(np.int64), positives_UI.data.astype(np.float32), begin_U)


def _adagrad(values_RD: np.ndarray) -> _Adagrad:
    return _Adagrad(values_RD, np.ones_like(values_RD))


@_compiled
def _steps(
    order_C: np.ndarray,
    positives: _Positives,
    users: _Adagrad,
    items: _Adagrad,
    biases: _Adagrad,
    learning_rate: np.float32,
    max_sampled: int,
    rng: np.random.Generator,
) -> float:
    """A step for each interaction of a chunk that has a violating negative; returns the summed loss."""
    n_items, dim = items.values_RD.shape
    difference_D, query_D, one = np.empty(dim, np.float32), np.empty(dim, np.float32), np.ones(1, np.float32)
    loss = 0.0
    for p in order_C:
        user, positive = positives.user_P[p], positives.item_P[p]
        own = positives.item_P[positives.begin_U[user] : positives.begin_U[user + 1]]
        least = _score(users, items, biases, user, positive) - 1
        for draws in range(1, max_sampled + 1):
            negative = int(rng.random() * n_items)  # numba's rng.integers takes 20 times as long
            hinge = _score(users, items, biases, user, negative) - least
            if hinge > 0 and own[min(int(np.searchsorted(own, negative)), len(own) - 1)] != negative:
                rank = max((n_items - 1) // draws, 1)
                weight = np.float32(min(positives.weight_P[p] * math.log(rank), MAX_WEIGHT))
                for d in range(dim):
                    query_D[d] = users.values_RD[user, d]
                    difference_D[d] = items.values_RD[negative, d] - items.values_RD[positive, d]
                _descend(users, user, weight, difference_D, learning_rate)
                _descend(items, positive, -weight, query_D, learning_rate)
                _descend(items, negative, weight, query_D, learning_rate)
                _descend(biases, positive, -weight, one, learning_rate)
                _descend(biases, negative, weight, one, learning_rate)
                loss += float(weight * hinge)
                break
    return loss


@_compiled
def _score(users: _Adagrad, items: _Adagrad, biases: _Adagrad, user: int, item: int) -> float:
    query_D, item_D = users.values_RD[user], items.values_RD[item]
    score = biases.values_RD[item, 0]
    for d in range(len(query_D)):
        score += query_D[d] * item_D[d]
    return score


@_compiled
def _descend(rows: _Adagrad, row: int, weight: np.float32, direction_D: np.ndarray, learning_rate: np.float32) -> None:
    values_D, squares_D = rows.values_RD[row], rows.squares_RD[row]
    for d in range(len(values_D)):
        gradient = weight * direction_D[d]
        squares_D[d] += gradient * gradient
        values_D[d] -= learning_rate * gradient / np.sqrt(squares_D[d])
