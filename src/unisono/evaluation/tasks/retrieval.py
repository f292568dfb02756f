"""Similarity-based retrieval: a track asks for others, and those that share its tags are right.

Akama et al. 2023, section 5.3.1. Shapes: N tracks, each of them a query and all the others its gallery; K ranks;
T tags; B queries of a block.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.corpora.labels import multi_hot
from unisono.embeddings.neighbours import nearest_others, normalised
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.errors import UserError
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import Retrieval

HAS_UNTRAINED = True
BLOCK_ELEMENTS = 4_000_000  # tags of results in memory at once: 32 MB of float64


def columns(task: Retrieval) -> tuple[Column, ...]:
    """All scores; those that stand for the task are recall at the fewest ranks and precision at the most."""
    recall = [("r", k, k == min(task.recall_at)) for k in task.recall_at]
    precision = [("m", k, k == max(task.precision_at)) for k in task.precision_at]
    return tuple(
        Column(f"{name}@{k}", f"{name.upper()}@{k}", 1, headline=headline, over_repeats=False)
        for name, k, headline in recall + precision
    )


def score(task: Retrieval, model: Path, corpus: Corpus) -> Measured:
    return evaluate_retrieval(load_embeddings(model), corpus.labels(task.labels), task, corpus.where)


def chance(task: Retrieval, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_retrieval(corpus.labels(task.labels), task)


def evaluate_retrieval(embeddings: Embeddings, labels: pd.DataFrame, task: Retrieval, where: str) -> Measured:
    """Return `r@K` and `m@K` in percent for the K of the task.

    The test part's tagged tracks are the queries and the gallery; a query is not among its own results. r@K has its std
    and n over the queries, m@K over the tags, because that is what the mean of each runs over. Of equally similar
    tracks the earlier one in `labels` comes first.

    Args:
        embeddings: of the corpus that `labels` names the tracks of.
        labels: columns `track_id`, `tags` (any number of them; tracks without one are left out) and `split`.
        where: what to call the labels in an error.

    Raises:
        NotMeasurable: the test part has fewer than two tagged tracks.
        UserError: fewer than two of them are embedded.
    """
    tagged = _tagged(labels)
    rows = embeddings.track_ids.get_indexer(pd.Index(tagged["track_id"]))
    queries = tagged[rows >= 0]
    if len(queries) < 2:
        raise UserError(
            f"{where}: the test part has {len(tagged)} tracks with tags, {len(queries)} of them with an embedding;"
            " retrieval needs at least 2; look for the missing tracks in rejects.csv, or run `dvc repro`"
        )
    targets_NT = _targets(queries["tags"], labels)
    # The mean of a track's excerpts has the direction of the sum that its vector F_sim is (equation 4).
    vectors_ND = normalised(embeddings.tracks_ND[rows[rows >= 0]])
    scores = retrieval_scores(nearest_others(vectors_ND, _ranks(task)), targets_NT, task)
    return Measured(
        scores={name: summarise(values) for name, values in scores.items()},
        counts={
            "queries": len(queries),
            "untagged": int((labels["split"] == "test").sum()) - len(tagged),
            "tags": targets_NT.shape[1],
            "tags_without_query": int((targets_NT.sum(axis=0) == 0).sum()),
            "without_embedding": len(tagged) - len(queries),
        },
    )


def random_retrieval(labels: pd.DataFrame, task: Retrieval) -> dict[str, Summary]:
    """Return `r@K` and `m@K` in percent of results in random order, whose std and n are over the repeats.

    The queries are the test part's tagged tracks, embedded or not.

    Raises:
        NotMeasurable: there are fewer than two.
    """
    tagged = _tagged(labels)
    targets_NT = _targets(tagged["tags"], labels)
    means: dict[str, list[float]] = {}
    for number in range(task.seed, task.seed + task.repeats):
        results_NK = _random_others(len(tagged), _ranks(task), np.random.default_rng(number))
        for name, values in retrieval_scores(results_NK, targets_NT, task).items():
            means.setdefault(name, []).append(float(values.mean()))
    return {name: summarise(values) for name, values in means.items()}


def retrieval_scores(results_NK: np.ndarray, targets_NT: np.ndarray, task: Retrieval) -> Mapping[str, np.ndarray]:
    """Return each query's `r@K` (n,) and each tag's `m@K` (tags with a query,), in percent.

    r@K is the share of a query's tags that at least one of its first K results has. m@K is equation 21 before its mean
    over the tags: the mean, over a tag's queries, of 1/K times the sum of the precisions at those of the first K ranks
    that have the tag. A tag without a query has no such mean and is left out. A rank without a result is a miss: K
    stays the divisor.

    Args:
        results_NK: numbers of each query's results, best first; -1 stands for none.
        targets_NT: which tags each track has, at least one.
        task: says which K; `results_NK` has as many ranks as the largest.
    """
    tags, ranks = targets_NT.shape[1], results_NK.shape[1]
    with_none_NT = np.vstack([targets_NT, np.zeros((1, tags), dtype=targets_NT.dtype)])  # the last, -1, has no tag
    ranks_K1 = np.arange(1, ranks + 1)[:, None]
    found_NK = np.zeros(results_NK.shape)
    precision_KT = np.zeros((ranks, tags))
    block = max(1, BLOCK_ELEMENTS // (ranks * tags))
    for start in range(0, len(results_NK), block):
        chosen = slice(start, start + block)
        hits_BKT = with_none_NT[results_NK[chosen]] & targets_NT[chosen, None]
        found_NK[chosen] = np.maximum.accumulate(hits_BKT, axis=1).sum(axis=2)
        precision_KT += (hits_BKT.cumsum(axis=1) * hits_BKT / ranks_K1).sum(axis=0)
    recall_NK = found_NK / targets_NT.sum(axis=1, keepdims=True)
    queries_T = targets_NT.sum(axis=0)
    asked_T = queries_T > 0
    mean_precision_KT = precision_KT.cumsum(axis=0)[:, asked_T] / ranks_K1 / queries_T[asked_T]
    return {
        **{f"r@{k}": 100 * recall_NK[:, k - 1] for k in task.recall_at},
        **{f"m@{k}": 100 * mean_precision_KT[k - 1] for k in task.precision_at},
    }


def _ranks(task: Retrieval) -> int:
    return max([*task.recall_at, *task.precision_at], default=1)


def _tagged(labels: pd.DataFrame) -> pd.DataFrame:
    test = labels[labels["split"] == "test"]
    tagged = test[test["tags"].map(len) > 0]
    if len(tagged) < 2:
        raise NotMeasurable(
            f"the test part has {len(test)} tracks, {len(tagged)} of them with tags; retrieval needs at least 2"
        )
    return tagged


def _targets(tags: pd.Series, labels: pd.DataFrame) -> np.ndarray:
    return multi_hot(tags, sorted(set(labels["tags"].explode().dropna())))


def _random_others(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return k different others of each of n tracks in random order, (n, k); -1 where there are fewer.

    Floyd's sampling for all tracks at once: every choice of k among the n - 1 others is equally likely.
    """
    found = min(k, n - 1)
    others_NK = np.empty((n, found), dtype=np.int64)
    for rank, last in enumerate(range(n - 1 - found, n - 1)):
        drawn_N = rng.integers(last, size=n, endpoint=True)
        taken_N = (others_NK[:, :rank] == drawn_N[:, None]).any(axis=1)
        others_NK[:, rank] = np.where(taken_N, last, drawn_N)
    others_NK = rng.permuted(others_NK, axis=1)
    others_NK += others_NK >= np.arange(n)[:, None]
    return np.pad(others_NK, ((0, 0), (0, k - found)), constant_values=-1)
