"""Interactions a second of WARP on one CPU thread over LightFM's on one thread, and the recall@100 of both.

python benchmarks/warp.py

The paper's 300 dimensions on 13,850 playlists of 40 of 40,000 songs: 554,000 pairs. Both sides take turns; a ratio is
the median of those of the turns, a recall their mean. It takes about four minutes.
"""

import time

import numpy as np
import torch
from harness import report
from lightfm import LightFM
from scipy import sparse

from unisono.modalities.warp.factors import Factors
from unisono.modalities.warp.fit import fit_warp

N_PLAYLISTS, N_SONGS, LENGTH, N_HIDDEN = 13_850, 40_000, 44, 4
N_STYLES, STYLES_OF_ONE = 200, 3
DIM, EPOCHS, SAMPLES, RATE, TURNS, K = 300, 10, 40, 0.05, 3, 100


def playlists() -> tuple[np.ndarray, np.ndarray]:
    """The songs (playlists, songs) of each playlist, known and hidden: of three styles, the popular ones more often.

    Popularity falls as 1 / rank; songs are drawn without replacement, by the largest of log(popularity) + Gumbel.
    """
    rng = np.random.default_rng(0)
    popularity = 1 / (1 + rng.permutation(N_SONGS))
    songs_of_style = rng.permutation(N_SONGS).reshape(N_STYLES, -1)
    styles = rng.random((N_PLAYLISTS, N_STYLES)).argsort(axis=1)[:, :STYLES_OF_ONE]
    candidates = songs_of_style[styles].reshape(N_PLAYLISTS, -1)
    keys = np.log(popularity[candidates]) + rng.gumbel(size=candidates.shape)
    chosen = rng.permuted(np.argpartition(-keys, LENGTH, axis=1)[:, :LENGTH], axis=1)
    songs = np.take_along_axis(candidates, chosen, axis=1)
    return np.sort(songs[:, N_HIDDEN:], axis=1), songs[:, :N_HIDDEN]


def recall(factors: Factors, known: np.ndarray, hidden: np.ndarray) -> float:
    """How many of the hidden songs are among the best K that are not known."""
    hits = 0
    for rows in np.array_split(np.arange(N_PLAYLISTS), 20):
        scores = factors.users_UD[rows] @ factors.items_ID.T + factors.biases_I
        np.put_along_axis(scores, known[rows], -np.inf, axis=1)
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        hits += int((best[:, :, None] == hidden[rows][:, None, :]).sum())
    return hits / hidden.size


def ours(matrix: sparse.csr_matrix, seed: int) -> Factors:
    return fit_warp(
        matrix, dim=DIM, epochs=EPOCHS, learning_rate=RATE, max_sampled=SAMPLES, batch_size=4096, seed=seed,
        device=torch.device("cpu"),
    )  # fmt: skip


def lightfm(matrix: sparse.csr_matrix, seed: int) -> Factors:
    model = LightFM(no_components=DIM, loss="warp", learning_rate=RATE, max_sampled=SAMPLES, random_state=seed)
    model.fit(matrix, epochs=EPOCHS, num_threads=1)
    return Factors(model.user_embeddings, model.item_embeddings, model.item_biases)


def main() -> None:
    known, hidden = playlists()
    begin = np.arange(N_PLAYLISTS + 1) * known.shape[1]
    matrix = sparse.csr_matrix((np.ones(known.size, np.float32), known.ravel(), begin), shape=(N_PLAYLISTS, N_SONGS))
    started = time.perf_counter()
    ours(matrix[:1], 0)
    compiled = time.perf_counter() - started
    seconds, recalls = np.empty((TURNS, 2)), np.empty((TURNS, 2))
    for turn in range(TURNS):
        for side, fit in enumerate((ours, lightfm)):
            started = time.perf_counter()
            factors = fit(matrix, turn)
            seconds[turn, side] = (time.perf_counter() - started) / EPOCHS
            recalls[turn, side] = recall(factors, known, hidden)
    epoch, lightfm_epoch = np.median(seconds, axis=0)
    report(
        "WARP, 554,000 pairs x 40,000 songs x 300",
        matrix.nnz / epoch,
        "interactions/s",
        ratio=float(np.median(seconds[:, 1] / seconds[:, 0])),
        against="LightFM, one thread",
        seconds_an_epoch=epoch,
        against_seconds_an_epoch=lightfm_epoch,
        seconds_to_compile=compiled,
        recall_at_100=recalls[:, 0].tolist(),
        against_recall_at_100=recalls[:, 1].tolist(),
    )


if __name__ == "__main__":
    main()
