"""R@K of a track's own windows against a loop, its chance against counting and shuffling, and who takes part."""

from collections.abc import Sequence
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_embeddings import make_embeddings

from unisono.embeddings.read import INDEX, TRACKS, WINDOWS, Embeddings
from unisono.evaluation.measures.parts import windows_of
from unisono.evaluation.task import Corpus, Measured, NotMeasurable
from unisono.evaluation.tasks import same_track
from unisono.evaluation.tasks.same_track import evaluate_same_track, random_same_track
from unisono.params.evaluation import SameTrack

TASK = SameTrack(task="same_track", corpus="catalogue", model="", recall_at=[1, 3, 10])
NO_SPLIT = pd.DataFrame({"track_id": [], "split": []}, dtype="str")


def of_windows(windows_MD: np.ndarray, n_windows: Sequence[int]) -> Embeddings:
    """Tracks t0, t1, ... that have these windows."""
    counts = np.array(n_windows)
    ids = pd.Index([f"t{n}" for n in range(len(counts))])
    windows_MD = np.asarray(windows_MD, dtype=np.float32)
    return Embeddings(ids, np.zeros((len(counts), 1)), windows_MD, np.cumsum(counts) - counts, counts)


def counted(embeddings: Embeddings) -> pd.Series:
    return pd.Series(embeddings.n_windows, embeddings.track_ids)


def split_of(**parts: str) -> pd.DataFrame:
    return pd.DataFrame({"track_id": list(parts), "split": list(parts.values())})


def means(found: Measured) -> dict[str, float]:
    return {name: value["mean"] for name, value in found.scores.items()}


def loop_scores(windows: list[list[int]], n_windows: Sequence[int], task: SameTrack) -> dict[str, float]:
    """A query at a time; windows of whole numbers, so that equal similarities are exactly equal."""

    def similarity(i: int, j: int) -> float:
        norms = float(np.dot(windows[i], windows[i])) * float(np.dot(windows[j], windows[j]))
        return round(float(np.dot(windows[i], windows[j])) / norms**0.5, 9) if norms else 0.0

    track = [n for n, count in enumerate(n_windows) for _ in range(count)]
    queries = [q for q in range(len(track)) if track.count(track[q]) > 1]
    found = dict.fromkeys(task.recall_at, 0)
    for q in queries:
        results = sorted((i for i in range(len(track)) if i != q), key=lambda i: (-similarity(q, i), i))
        for k in task.recall_at:
            found[k] += any(track[i] == track[q] for i in results[:k])
    return {f"r@{k}": 100 * right / len(queries) for k, right in found.items()}


@given(st.integers(0, 10_000), st.lists(st.integers(1, 4), max_size=8), st.integers(1, 4))
def test_agrees_with_a_loop_also_with_ties_and_tracks_of_one_window(
    seed: int, more: list[int], dimensions: int
) -> None:
    n_windows = [2, *more, 3]
    windows_MD = np.random.default_rng(seed).integers(-1, 2, (sum(n_windows), dimensions))  # duplicates, zeros, ties
    found = evaluate_same_track(of_windows(windows_MD, n_windows), NO_SPLIT, TASK)
    assert means(found) == pytest.approx(loop_scores(windows_MD.tolist(), n_windows, TASK))
    queries = sum(count for count in n_windows if count > 1)
    assert {score["n"] for score in found.scores.values()} == {queries}
    assert found.counts == {
        "queries": queries,
        "windows": sum(n_windows),
        "tracks": len(n_windows),
        "tracks_of_one_window": n_windows.count(1),
        "tracks_left_out": 0,
    }


def test_a_small_example_by_hand() -> None:
    """Angles 0 and 10 degrees; 30, a track of its own; 35, 90 and 180."""
    angles_M = np.radians([0, 10, 30, 35, 90, 180])
    windows_MD = 7 * np.stack([np.cos(angles_M), np.sin(angles_M)], axis=1)  # lengths do not matter
    found = evaluate_same_track(of_windows(windows_MD, [2, 1, 3]), NO_SPLIT, TASK)
    # 35 finds 30, 10, 0 and only then its own 90; the others find their own first, and 30 asks for none.
    assert means(found) == pytest.approx({"r@1": 80, "r@3": 80, "r@10": 100})
    assert found.scores["r@1"]["std"] == pytest.approx(40)  # percent


def test_tracks_far_apart_score_100_and_identical_windows_the_order() -> None:
    ids = [f"t{n}" for n in range(8)]
    apart = evaluate_same_track(make_embeddings(ids, 50 * np.eye(8), [3] * 8), NO_SPLIT, TASK)
    assert means(apart) == {"r@1": 100, "r@3": 100, "r@10": 100}
    same = evaluate_same_track(of_windows(np.ones((8, 2)), [2, 2, 2, 2]), NO_SPLIT, TASK)
    assert means(same) == {"r@1": 25, "r@3": 50, "r@10": 100}  # all find windows 0, 1 and 2, or 3 instead of oneself


@given(st.lists(st.integers(1, 6), max_size=6), st.integers(1, 40))
def test_chance_is_counted_in_closed_form(more: list[int], k: int) -> None:
    n_windows = [2, *more, 2]
    others = sum(n_windows) - 1
    asking = [count for count in n_windows for _ in range(count) if count > 1]
    k_found = min(k, others)
    missed = [comb(others - (count - 1), k_found) / comb(others, k_found) for count in asking]
    task = TASK.model_copy(update={"recall_at": [k]})
    found = random_same_track(counted(of_windows(np.zeros((others + 1, 1)), n_windows)), NO_SPLIT, task)
    assert found == {f"r@{k}": {"mean": pytest.approx(100 * (1 - np.mean(missed))), "std": 0, "n": 1}}


def test_chance_is_what_random_windows_score() -> None:
    n_windows = [2, 7, 1, 4, 3, 1, 2]
    rng = np.random.default_rng(0)
    scored = [
        means(evaluate_same_track(of_windows(rng.normal(size=(20, 30)), n_windows), NO_SPLIT, TASK)) for _ in range(400)
    ]
    expected = random_same_track(counted(of_windows(np.zeros((20, 1)), n_windows)), NO_SPLIT, TASK)
    assert {name: summary["mean"] for name, summary in expected.items()} == pytest.approx(
        pd.DataFrame(scored).mean().to_dict(), abs=2
    )


def test_only_tracks_that_are_nowhere_but_in_a_test_part_take_part() -> None:
    windows_MD = np.random.default_rng(0).normal(size=(12, 2))
    embeddings = of_windows(windows_MD, [2, 3, 2, 2, 3])
    split = pd.concat(
        [
            split_of(t0="test", t1="train", t3="test", t4="test", gone="test"),  # t2 is in no part
            split_of(t3="validation", t4="test"),
        ]
    )
    alone = of_windows(np.vstack([windows_MD[:2], windows_MD[9:]]), [2, 3])
    found = evaluate_same_track(embeddings, split, TASK)
    assert found == evaluate_same_track(alone, NO_SPLIT, TASK)
    assert found.counts["tracks"] == 2 and found.counts["windows"] == 5
    assert random_same_track(counted(embeddings), split, TASK) == random_same_track(counted(alone), NO_SPLIT, TASK)
    with pytest.raises(NotMeasurable, match="the test part has 0 embedded tracks, 0 of them with two windows or more"):
        evaluate_same_track(embeddings, split_of(t0="train", t1="validation"), TASK)


def test_fewer_than_two_tracks_of_two_windows_are_not_measurable() -> None:
    embeddings = of_windows(np.ones((5, 2)), [1, 3, 1])
    reason = "the corpus has 3 embedded tracks, 1 of them with two windows or more; same_track needs at least 2"
    with pytest.raises(NotMeasurable, match=reason):
        evaluate_same_track(embeddings, NO_SPLIT, TASK)
    with pytest.raises(NotMeasurable, match=reason):
        random_same_track(counted(embeddings), NO_SPLIT, TASK)


def test_of_too_many_windows_those_of_evenly_spread_tracks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    windows_MD = np.random.default_rng(0).normal(size=(30, 3))
    embeddings = of_windows(windows_MD, [3] * 10)
    every = evaluate_same_track(embeddings, NO_SPLIT, TASK)
    monkeypatch.setattr(same_track, "MOST_WINDOWS", 30)
    assert evaluate_same_track(embeddings, NO_SPLIT, TASK) == every
    monkeypatch.setattr(same_track, "MOST_WINDOWS", 14)  # 4 tracks: 0, 2, 5 and 7
    spread = of_windows(windows_MD.reshape(10, 3, 3)[[0, 2, 5, 7]].reshape(12, 3), [3] * 4)
    found = evaluate_same_track(embeddings, NO_SPLIT, TASK)
    assert found.scores == evaluate_same_track(spread, NO_SPLIT, TASK).scores != every.scores
    assert found.counts["tracks"] == 4 and found.counts["tracks_left_out"] == 6
    chance = random_same_track(counted(embeddings), NO_SPLIT, TASK)
    assert chance == random_same_track(counted(spread), NO_SPLIT, TASK)
    monkeypatch.setattr(same_track, "MOST_WINDOWS", 2)
    with pytest.raises(NotMeasurable, match="has 0 embedded tracks"):
        evaluate_same_track(embeddings, NO_SPLIT, TASK)


@pytest.mark.parametrize("labelled", [False, True])
def test_the_split_is_the_corpus_s_or_that_of_its_labels(tmp_path: Path, labelled: bool) -> None:
    """Read from files, as the stage does; the training tracks' windows are those that would be found."""
    embeddings = of_windows([[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 1]], [2, 2, 2])
    parts = split_of(t0="test", t1="train", t2="test")
    (NO_SPLIT if labelled else parts).to_parquet(tmp_path / "split.parquet")
    labels = parts.assign(task="genre", tags=[["rock"]] * 3)
    (labels if labelled else labels[:0]).to_parquet(tmp_path / "labels.parquet")
    for name, matrix in ((WINDOWS, embeddings.windows_MD), (TRACKS, np.zeros((3, 2), dtype=np.float32))):
        np.save(tmp_path / name, matrix)
    index = pd.DataFrame({"track_id": embeddings.track_ids, "first_window": [0, 2, 4], "n_windows": 2})
    index.to_parquet(tmp_path / INDEX)
    corpus = Corpus(tmp_path, tmp_path / "split.parquet", "evaluation.mine (mine)")
    found = same_track.score(TASK, tmp_path, corpus)
    assert found.counts["tracks"] == 2 and found == evaluate_same_track(embeddings, parts, TASK)
    assert same_track.chance(TASK, counted(embeddings), corpus)["r@1"]["mean"] == pytest.approx(100 / 3)


def test_windows_of_tracks_lie_where_the_index_says() -> None:
    embeddings = of_windows(np.zeros((10, 1)), [2, 1, 4, 3])
    windows_M, track_M = windows_of(embeddings, np.array([3, 0, 2]))
    assert windows_M.tolist() == [7, 8, 9, 0, 1, 3, 4, 5, 6]
    assert track_M.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert windows_of(embeddings, np.array([], dtype=int))[0].tolist() == []
