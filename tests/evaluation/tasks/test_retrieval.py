"""R@K and M@K against loops written from the paper's definitions, and the retrieval protocol on made embeddings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_embeddings import make_embeddings

from unisono.embeddings import neighbours
from unisono.embeddings.neighbours import nearest_others, normalised
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.task import Measured, NotMeasurable
from unisono.evaluation.tasks import retrieval
from unisono.evaluation.tasks.retrieval import evaluate_retrieval, random_retrieval
from unisono.params.evaluation import Retrieval

TASK = Retrieval(
    task="retrieval",
    corpus="mtat",
    model="",
    labels="labels",
    recall_at=[1, 2, 4, 8],
    precision_at=[1, 4, 7, 10],
    repeats=200,
    seed=0,
)


def loop_scores(vectors: list[list[int]], tags: list[set[str]], task: Retrieval) -> dict[str, float]:
    """Section 5.3.1, a query at a time; vectors of whole numbers, so that equal similarities are exactly equal."""

    def similarity(i: int, j: int) -> float:
        norms = float(np.dot(vectors[i], vectors[i])) * float(np.dot(vectors[j], vectors[j]))
        product = float(np.dot(vectors[i], vectors[j]))
        return round(product / norms**0.5, 9) if norms else 0.0

    tagged = [i for i in range(len(tags)) if tags[i]]
    results = {q: sorted((i for i in tagged if i != q), key=lambda i: (-similarity(q, i), i)) for q in tagged}
    scores = {}
    for k in task.recall_at:
        shares = [len(tags[q] & set().union(*(tags[i] for i in results[q][:k]))) / len(tags[q]) for q in tagged]
        scores[f"r@{k}"] = 100 / len(tagged) * sum(shares)
    for k in task.precision_at:
        of_tags = []
        for tag in sorted(set().union(*tags)):
            queries = [q for q in tagged if tag in tags[q]]
            total = 0.0
            for q in queries:
                right = 0
                for rank, i in enumerate(results[q][:k], start=1):
                    if tag in tags[i]:
                        right += 1
                        total += right / rank / k
            of_tags.append(total / len(queries))
        scores[f"m@{k}"] = 100 / len(of_tags) * sum(of_tags)
    return scores


def made(vectors_ND: np.ndarray, tags: list[set[str]]) -> tuple[Embeddings, pd.DataFrame]:
    """All tracks in the test part, then a training track whose tag no query has."""
    ids = [f"t{i}" for i in range(len(tags))] + ["train"]
    every_vector_ND = np.vstack([vectors_ND, np.ones((1, np.shape(vectors_ND)[1]))])
    labels = pd.DataFrame(
        {
            "track_id": ids,
            "tags": [sorted(of_track) for of_track in tags] + [["only in training"]],
            "split": ["test"] * len(tags) + ["train"],
        }
    )
    return make_embeddings(ids, every_vector_ND), labels


def means(found: Measured) -> dict[str, float]:
    return {name: value["mean"] for name, value in found.scores.items()}


def random_tags(rng: np.random.Generator, tracks: int, tags: int = 5) -> list[set[str]]:
    """Some tracks have none; the first two have one."""
    chosen = [{f"tag {t}" for t in np.flatnonzero(rng.random(tags) < 0.3)} for _ in range(tracks)]
    return [chosen[0] | {"tag 0"}, chosen[1] | {"tag 1"}, *chosen[2:]]


@given(st.integers(0, 10_000), st.integers(2, 25), st.integers(1, 4), st.sampled_from([7, 10**9]))
def test_agrees_with_loops_also_with_ties_and_few_tracks(seed: int, tracks: int, dimensions: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    vectors_ND = rng.integers(-1, 2, (tracks, dimensions))  # few values: duplicates, zero vectors and many ties
    tags = random_tags(rng, tracks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK_ELEMENTS", block)
        patch.setattr(retrieval, "BLOCK_ELEMENTS", block)
        found = evaluate_retrieval(*made(vectors_ND, tags), TASK, "mtat")
    assert means(found) == pytest.approx(loop_scores(vectors_ND.tolist(), tags, TASK))
    asked = len(set().union(*tags))
    queries = sum(map(bool, tags))
    assert found.counts == {
        "queries": queries,
        "untagged": tracks - queries,
        "tags": asked + 1,
        "tags_without_query": 1,
        "without_embedding": 0,
    }
    assert {found.scores[f"r@{k}"]["n"] for k in TASK.recall_at} == {queries}
    assert {found.scores[f"m@{k}"]["n"] for k in TASK.precision_at} == {asked}


def test_a_small_example_by_hand() -> None:
    """Angles 0, 10, 30 and 70 degrees: the results are 0: 1 2 3, 1: 0 2 3, 2: 1 0 3, 3: 2 1 0."""
    angles_N = np.radians([0, 10, 30, 70])
    vectors_ND = np.stack([np.cos(angles_N), np.sin(angles_N)], axis=1)
    task = Retrieval(
        task="retrieval",
        corpus="mtat",
        model="",
        labels="labels",
        recall_at=[1, 2],
        precision_at=[1, 2],
        repeats=1,
        seed=0,
    )
    found = evaluate_retrieval(*made(vectors_ND, [{"a"}, {"a", "b"}, {"b"}, {"c"}]), task, "mtat")
    assert means(found) == pytest.approx(
        {
            "r@1": 100 / 4 * (1 + 1 / 2 + 1 + 0),
            "r@2": 100 / 4 * (1 + 1 + 1 + 0),
            "m@1": 100 / 3 * ((1 + 1) / 2 + (0 + 1) / 2 + 0),
            # a: query 0 finds a, -; query 1 finds a, -.  b: query 1 finds -, b; query 2 finds b, -.
            "m@2": 100 / 3 * ((1 / 2 + 1 / 2) / 2 + (1 / 4 + 1 / 2) / 2 + 0),
        }
    )


def test_perfect_clusters_score_100() -> None:
    clusters_N = np.repeat(np.arange(3), 12)
    vectors_ND = np.eye(3)[clusters_N] + 0.01 * np.random.default_rng(0).normal(size=(36, 3))
    found = evaluate_retrieval(*made(vectors_ND, [{f"c{c}", "all"} for c in clusters_N]), TASK, "mtat")
    assert means(found) == pytest.approx(dict.fromkeys(means(found), 100))


def test_the_order_of_the_tracks_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    embeddings, labels = made(rng.normal(size=(60, 8)), random_tags(rng, 60))
    found = evaluate_retrieval(embeddings, labels, TASK, "mtat")
    assert means(evaluate_retrieval(embeddings, labels.sample(frac=1, random_state=1), TASK, "mtat")) == pytest.approx(
        means(found)
    )


def test_tracks_without_embedding_or_of_other_parts_are_left_out() -> None:
    rng = np.random.default_rng(0)
    vectors_ND, tags = rng.normal(size=(30, 4)), random_tags(rng, 30)
    embeddings, labels = made(vectors_ND, tags)
    more = pd.DataFrame({"track_id": ["gone", "gone too"], "tags": [["tag 0"], []], "split": "test"})
    found = evaluate_retrieval(embeddings, pd.concat([labels, more]), TASK, "mtat")
    alone = evaluate_retrieval(embeddings, labels, TASK, "mtat")
    assert means(found) == means(alone)
    assert found.counts == {**alone.counts, "without_embedding": 1, "untagged": alone.counts["untagged"] + 1}


def test_fewer_than_two_queries_are_left_out_or_refused() -> None:
    embeddings, labels = made(np.ones((3, 2)), [{"a"}, set(), {"b"}])
    with pytest.raises(NotMeasurable, match="the test part has 2 tracks, 1 of them with tags; retrieval needs"):
        evaluate_retrieval(embeddings, labels[:2], TASK, "mtat")
    with pytest.raises(NotMeasurable, match="the test part has 2 tracks, 1 of them with tags; retrieval needs"):
        random_retrieval(labels[:2], TASK)
    elsewhere = labels.assign(track_id=[f"other {i}" for i in range(4)])
    with pytest.raises(UserError, match="the test part has 2 tracks with tags, 0 of them with an embedding; retrieval"):
        evaluate_retrieval(embeddings, elsewhere, TASK, "mtat")


def test_track_vectors_have_the_direction_of_the_sum_of_their_excerpts() -> None:
    excerpts_NED = np.random.default_rng(0).normal(size=(5, 3, 4))
    sums_ND = excerpts_NED.sum(axis=1)
    expected_ND = sums_ND / np.linalg.norm(sums_ND, axis=1, keepdims=True)
    np.testing.assert_allclose(normalised(excerpts_NED.mean(axis=1)), expected_ND, rtol=1e-5)
    np.testing.assert_array_equal(normalised(np.zeros((1, 4))), np.zeros((1, 4)))


@pytest.mark.parametrize("block", [1, 10**9])
def test_of_duplicates_the_first_come_first_and_never_the_query(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_ELEMENTS", block)
    one_D = np.random.default_rng(0).normal(size=512)
    vectors_ND = normalised(np.tile(one_D, (101, 1)))
    numbers_NK = nearest_others(vectors_ND, 3)
    assert numbers_NK[[0, 1, 2, 3, 100]].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]
    assert nearest_others(vectors_ND[:2], 3).tolist() == [[1, -1, -1], [0, -1, -1]]
    assert nearest_others(vectors_ND[:1], 2).tolist() == [[-1, -1]]


@given(st.integers(0, 1000), st.integers(2, 8), st.integers(1, 10))
def test_random_results_are_different_others(seed: int, tracks: int, k: int) -> None:
    results_NK = retrieval._random_others(tracks, k, np.random.default_rng(seed))
    assert results_NK.shape == (tracks, k)
    for track, results_K in enumerate(results_NK.tolist()):
        found = [other for other in results_K if other >= 0]
        assert len(set(found)) == len(found) == min(k, tracks - 1)
        assert track not in found and max(found) < tracks


def test_random_results_are_uniform_at_every_rank() -> None:
    rng = np.random.default_rng(0)
    results_RNK = np.stack([retrieval._random_others(5, 3, rng) for _ in range(4000)])
    for rank in range(3):
        counts = np.bincount(results_RNK[:, 2, rank], minlength=5)
        assert counts[2] == 0
        assert np.abs(counts[[0, 1, 3, 4]] / 4000 - 1 / 4).max() < 0.03


def test_chance_is_the_tags_shares() -> None:
    """One tag a track: a random result has the query's with the share of the others that have it."""
    tags = [{"a"}] * 30 + [{"b"}] * 10 + [set()] * 5
    _, labels = made(np.ones((45, 2)), tags)
    found = random_retrieval(labels, TASK)
    assert found["r@1"]["n"] == found["m@10"]["n"] == 200
    assert found["r@1"]["mean"] == pytest.approx(100 * (30 / 40 * 29 / 39 + 10 / 40 * 9 / 39), abs=2)
    assert found["m@1"]["mean"] == pytest.approx(100 * (29 / 39 + 9 / 39) / 2, abs=2)
    assert found == random_retrieval(labels, TASK)
