"""nDCG and average precision against loops and implicit's evaluation."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from implicit.evaluation import ranking_metrics_at_k
from scipy.sparse import csr_matrix

from unisono.evaluation.measures.ranking import average_precision_at_k, ndcg_at_k


def loop_ndcg(hits: list[bool], relevant: int) -> float:
    gain = sum(1 / np.log2(place + 2) for place, hit in enumerate(hits) if hit)
    return gain / sum(1 / np.log2(place + 2) for place in range(min(relevant, len(hits))))


def loop_average_precision(hits: list[bool], relevant: int) -> float:
    found, total = 0, 0.0
    for place, hit in enumerate(hits):
        found += hit
        total += found / (place + 1) if hit else 0
    return total / min(relevant, len(hits))


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 60))
def test_agrees_with_a_loop(hits: list[bool], more: int) -> None:
    relevant = max(sum(hits), more)
    hits_PK, relevant_P = np.array([hits]), np.array([relevant])
    np.testing.assert_allclose(ndcg_at_k(hits_PK, relevant_P), [loop_ndcg(hits, relevant)])
    np.testing.assert_allclose(average_precision_at_k(hits_PK, relevant_P), [loop_average_precision(hits, relevant)])


class FixedRanking:
    """What implicit's evaluation asks of a model."""

    def __init__(self, ranking: np.ndarray):
        self.ranking = ranking

    def recommend(self, users: np.ndarray, _items: csr_matrix, N: int) -> tuple[np.ndarray, np.ndarray]:
        return self.ranking[users, :N], np.zeros((len(users), N))


def test_agrees_with_implicit() -> None:
    rng = np.random.default_rng(0)
    playlists, songs, k = 40, 60, 10
    truth = rng.random((playlists, songs)) < 0.15
    truth[:, 0] |= ~truth.any(axis=1)
    ranking = np.argsort(rng.random((playlists, songs)), axis=1).astype(np.int32)
    known = csr_matrix((playlists, songs), dtype=np.float32)
    theirs = ranking_metrics_at_k(
        FixedRanking(ranking), known, csr_matrix(truth.astype(np.float32)), K=k, show_progress=False
    )
    hits_PK = np.take_along_axis(truth, ranking[:, :k], axis=1)
    np.testing.assert_allclose(ndcg_at_k(hits_PK, truth.sum(axis=1)).mean(), theirs["ndcg"])
    np.testing.assert_allclose(average_precision_at_k(hits_PK, truth.sum(axis=1)).mean(), theirs["map"])
