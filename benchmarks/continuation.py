"""Playlist continuation by exact neighbours at Melon's size, and Annoy, the paper's index, beside it.

python benchmarks/continuation.py [PLAYLISTS QUERIES CANDIDATES]

Melon has 132,173 playlists to continue, 572,258 known songs that ask and 64,862 candidates; embeddings have 128
dimensions. Playlists are as long as Melon's on average, their songs drawn by a long-tailed popularity; embeddings are
clusters with noise. Annoy (100 trees) answers some of the same queries, and its recall is held against the exact
neighbours; building its index is counted separately.
"""

import resource
import sys
import time

import numpy as np
import pandas as pd
from harness import report
from scipy.sparse import csr_matrix

from unisono.embeddings.neighbours import nearest_annoy, nearest_exact, normalised
from unisono.embeddings.read import Embeddings
from unisono.evaluation.measures.continuations import Continuations
from unisono.evaluation.tasks.playlist_continuation import evaluate_playlists
from unisono.params.evaluation import PlaylistContinuation
from unisono.training.devices import pick_device

MELON = (132_173, 572_258, 64_862)
DIM, CLUSTERS, KNOWN, HIDDEN = 128, 300, 41, 5
TREES, ASKED = 100, 20_000


def embed(rng: np.random.Generator, n: int) -> np.ndarray:
    centres = rng.standard_normal((CLUSTERS, DIM), dtype=np.float32)
    return centres[rng.integers(CLUSTERS, size=n)] + rng.standard_normal((n, DIM), dtype=np.float32)


def members(rng: np.random.Generator, n_playlists: int, n_songs: int, mean: int) -> csr_matrix:
    """Which songs each playlist has: at least one."""
    total = np.cumsum(np.exp(2.2 * rng.standard_normal(n_songs)))
    length_P = 1 + rng.poisson(mean - 1, n_playlists)
    row = np.repeat(np.arange(n_playlists), length_P)
    column = np.searchsorted(total, total[-1] * rng.random(len(row)))
    matrix = csr_matrix((np.ones(len(row)), (row, column)), shape=(n_playlists, n_songs))
    matrix.data[:] = 1
    return matrix


def main(*sizes: str) -> None:
    n_playlists, n_queries, n_candidates = map(int, sizes) if sizes else MELON
    rng = np.random.default_rng(0)
    ids = pd.Index([f"{number:07}" for number in range(n_queries + n_candidates)])
    tracks_ND = embed(rng, len(ids))
    embeddings = Embeddings(ids, tracks_ND, tracks_ND, np.arange(len(ids)), np.ones(len(ids), dtype=int))
    known_PQ, truth_PS = members(rng, n_playlists, n_queries, KNOWN), members(rng, n_playlists, n_candidates, HIDDEN)
    holding_S = np.asarray(truth_PS.sum(axis=0)).ravel()
    data = Continuations(
        playlists=pd.Index(np.arange(n_playlists), name="item"),
        queries=ids[:n_queries],
        candidates=ids[n_queries:],
        known_PQ=known_PQ,
        held_PS=csr_matrix((n_playlists, n_candidates)),
        truth_PS=truth_PS,
        knowing_S=np.zeros_like(holding_S),
        holding_S=holding_S,
        counts={},
    )
    task = PlaylistContinuation(
        task="playlist_continuation", corpus="melon", model="trained", songs="cold", k=100, index="exact",
        annoy_trees=TREES, repeats=1, seed=0,
    )  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    evaluate_playlists(embeddings, data, task, "auto")
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report(
        f"playlist continuation, {n_playlists:,} playlists, {n_queries:,} queries, {n_candidates:,} candidates",
        seconds, "s", peak_gigabytes=peak * 1024 / 1e9, gigabytes_before=before * 1024 / 1e9,
    )  # fmt: skip

    queries, items = normalised(embeddings.tracks_ND[:n_queries]), normalised(embeddings.tracks_ND[n_queries:])
    asked = queries[rng.choice(n_queries, min(ASKED, n_queries), replace=False)]
    started = time.perf_counter()
    exact, _ = nearest_exact(asked, items, task.k, pick_device("auto"))
    ours = time.perf_counter() - started
    started = time.perf_counter()
    nearest_annoy(asked[:1], items, task.k, TREES, 0)
    building = time.perf_counter() - started
    started = time.perf_counter()
    approximate, _ = nearest_annoy(asked, items, task.k, TREES, 0)
    theirs = time.perf_counter() - started - building
    recall = np.mean([len(np.intersect1d(a, b)) / task.k for a, b in zip(exact, approximate, strict=True)])
    report(
        f"exact neighbours among {n_candidates:,}", len(asked) / ours, "queries/s", ratio=theirs / ours,
        against=f"Annoy, {TREES} trees, recall {recall:.2f}", against_seconds_to_build=building,
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
