"""Approximate search in catalogues too large to compare with every track: a graph of neighbours (HNSW), by usearch."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm
from usearch.index import BatchMatches, Index

from unisono.embeddings.neighbours import nearest_exact, normalised
from unisono.errors import UserError

K, QUERIES = 10, 1000  # of the recall that is measured
DTYPE = "f16"  # two thirds of the file that float32 takes, and nearly the same recall
BLOCK = 10_000  # tracks that are added at once
CHECKED_BLOCK = 1_000_000  # tracks that queries are compared with at once
EPSILON = 1e-6  # similarities this near are equal


@dataclass(frozen=True)
class Recall:
    """The mean share of the true nearest others that a search finds, over a number of queries."""

    mean: float
    queries: int


def ids_file(path: Path) -> Path:
    """The table of ids beside an index."""
    return path.with_name(f"{path.name}.ids.parquet")


def write_index(vectors_ND: np.ndarray, ids: pd.DataFrame, path: Path) -> Recall:
    """Write an index of the vectors by cosine, and measure it.

    The index's keys are the rows of `vectors_ND` and of `ids`, which is written beside it. It is built on one thread,
    so that the same vectors give the same bytes, and in memory, of which it takes little more than its file; vectors
    may be memory-mapped. Both files appear when all is done.

    Args:
        vectors_ND: (n, d) float32.
        ids: (n,) rows.

    Returns:
        recall@10 of up to 1000 vectors, evenly spread, that ask for their nearest others.

    Raises:
        UserError: a file of the name exists, or its folder does not.
    """
    for file in (path, ids_file(path)):
        if file.exists():
            raise UserError(f"{file}: exists, and is not overwritten; remove it, or name another file")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent}: no such folder; make it, or name a file elsewhere")
    index = Index(ndim=vectors_ND.shape[1], metric="cos", dtype=DTYPE)
    with tqdm(total=len(vectors_ND), desc="index", unit="track", disable=None) as bar:
        for start in range(0, len(vectors_ND), BLOCK):
            block_BD = np.ascontiguousarray(vectors_ND[start : start + BLOCK])
            index.add(np.arange(start, start + len(block_BD), dtype=np.uint64), block_BD, threads=1)
            bar.update(len(block_BD))
    recall = measure_recall(index, vectors_ND)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as work:
        index.save(str(Path(work, "index")))
        ids.to_parquet(Path(work, "ids"), index=False)
        Path(work, "ids").rename(ids_file(path))
        Path(work, "index").rename(path)
    return recall


def measure_recall(index: Index, vectors_ND: np.ndarray) -> Recall:
    """The recall@10 of an index of the vectors, whose keys are their rows, against exact search.

    The queries are up to 1000 of the vectors; none is among its own answers. An answer counts that is as similar as the
    tenth of the exact ones: which of equally similar ones a search finds does not matter.
    """
    n, k = len(vectors_ND), min(K, len(vectors_ND) - 1)
    rows_Q = np.unique(np.linspace(0, n - 1, min(n, QUERIES)).astype(np.int64))
    if k < 1:
        return Recall(1.0, 0)
    queries_QD = normalised(vectors_ND[rows_Q])
    answers = index.search(queries_QD, k + 1, threads=1)
    assert isinstance(answers, BatchMatches)
    given_QK = np.arange(k + 1) < answers.counts.astype(np.int64)[:, None]
    keys_QK = np.where(given_QK, answers.keys, rows_Q[:, None]).astype(np.int64)
    others_QK = keys_QK != rows_Q[:, None]
    others_QK &= np.cumsum(others_QK, axis=1) <= k
    answers_QKD = normalised(vectors_ND[keys_QK.ravel()]).reshape(*keys_QK.shape, -1)
    similarity_QK = np.einsum("qkd,qd->qk", answers_QKD, queries_QD)
    least_Q = _similarities(queries_QD, vectors_ND, k + 1)[:, k]  # the first is the query's own
    found_QK = others_QK & (similarity_QK >= least_Q[:, None] - EPSILON)
    return Recall(float(found_QK.sum(axis=1).mean() / k), len(rows_Q))


def _similarities(queries_QD: np.ndarray, vectors_ND: np.ndarray, k: int) -> np.ndarray:
    """The similarities (q, k) of the queries' k nearest vectors, the highest first; the vectors come in blocks."""
    best_QK = np.empty((len(queries_QD), 0), dtype=np.float32)
    for start in range(0, len(vectors_ND), CHECKED_BLOCK):
        _, similarity_QB = nearest_exact(queries_QD, normalised(vectors_ND[start : start + CHECKED_BLOCK]), k)
        best_QK = -np.sort(-np.concatenate([best_QK, similarity_QB], axis=1), axis=1)[:, :k]
    return best_QK
