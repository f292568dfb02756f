"""Interactions per second of WARP on one CPU thread, against LightFM on one thread: same dims, epochs and samples.

python benchmarks/warp.py
"""

import json
import time

import numpy as np
import torch
from lightfm import LightFM
from scipy import sparse

from unisono.modalities.warp import fit_warp

N_PLAYLISTS, N_SONGS, LENGTH, DIM, EPOCHS, SAMPLES = 1_200, 1_500, 40, 64, 10, 40


def interactions() -> sparse.csr_matrix:
    """Playlists of a few of 30 styles, with popularity skew."""
    rng = np.random.default_rng(0)
    style, popularity = rng.integers(30, size=N_SONGS), rng.zipf(1.6, N_SONGS).clip(max=200)
    rows = []
    for _ in range(N_PLAYLISTS):
        weight = popularity * (rng.dirichlet(np.full(30, 0.05))[style] + 0.05 / 30)
        rows.append(rng.choice(N_SONGS, size=LENGTH, replace=False, p=weight / weight.sum()))
    indices = np.sort(np.array(rows), axis=1).ravel()
    return sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, np.arange(N_PLAYLISTS + 1) * LENGTH), shape=(N_PLAYLISTS, N_SONGS)
    )


def main() -> None:
    matrix = interactions()
    started = time.perf_counter()
    fit_warp(
        matrix,
        dim=DIM,
        epochs=EPOCHS,
        learning_rate=0.05,
        max_sampled=SAMPLES,
        batch_size=2048,
        seed=0,
        device=torch.device("cpu"),
    )
    ours = EPOCHS * matrix.nnz / (time.perf_counter() - started)

    model = LightFM(no_components=DIM, loss="warp", learning_rate=0.05, max_sampled=SAMPLES, random_state=0)
    started = time.perf_counter()
    model.fit(matrix.tocoo(), epochs=EPOCHS, num_threads=1)
    lightfm = EPOCHS * matrix.nnz / (time.perf_counter() - started)
    result = {"interactions_per_second": ours, "lightfm_interactions_per_second": lightfm, "ratio": ours / lightfm}
    print(json.dumps({"benchmark": "warp", "interactions": matrix.nnz} | result))


if __name__ == "__main__":
    main()
