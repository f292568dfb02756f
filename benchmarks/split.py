"""How much faster the split is than plain iterative stratification, and how long it takes at Melon's size.

python benchmarks/split.py [SONGS]
"""

import sys
import time

import numpy as np
import pandas as pd
from harness import report
from sklearn.preprocessing import MultiLabelBinarizer
from skmultilearn.model_selection import IterativeStratification

from unisono.corpora.split import stratified_split

GENRES = 219


def long_tail(n_songs: int) -> pd.Series:
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, GENRES + 1) ** 1.2
    first, second = rng.choice(GENRES, size=(2, n_songs), p=popularity / popularity.sum())
    second = np.where(rng.random(n_songs) < 0.133, second, first)
    return pd.Series([[f"GN{a}", f"GN{b}"] if a != b else [f"GN{a}"] for a, b in zip(first, second, strict=True)])


def main(n_songs: int = 32_000) -> None:
    labels = long_tail(n_songs)
    stratified_split(labels[:500], 0.1, 0.1, 0)  # loads what it needs
    started = time.perf_counter()
    stratified_split(labels, 0.1, 0.1, 0)
    ours = time.perf_counter() - started

    started = time.perf_counter()
    genres = MultiLabelBinarizer(sparse_output=True).fit_transform(labels).astype(int)
    folds = IterativeStratification(n_splits=3, order=1, sample_distribution_per_fold=[0.8, 0.1, 0.1])
    list(folds.split(genres, genres))
    plain = time.perf_counter() - started

    melon = long_tail(649_091)
    started = time.perf_counter()
    stratified_split(melon, 0.1, 0.1, 0)
    seconds = time.perf_counter() - started
    against = "scikit-multilearn, plain"
    report(f"split, {n_songs:,} songs", ours, "s", ratio=plain / ours, against=against, seconds_649091_songs=seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
