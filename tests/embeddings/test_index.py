"""The index as others read it, and its recall against a loop over all tracks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from usearch.index import Index

from unisono.embeddings.index import Recall, ids_file, measure_recall, write_index
from unisono.errors import UserError


def catalogue(n: int, d: int = 16) -> tuple[np.ndarray, pd.DataFrame]:
    """Vectors of any length in a few tastes, and their ids."""
    rng = np.random.default_rng(0)
    vectors_ND = rng.normal(size=(8, d))[rng.integers(8, size=n)] + 0.5 * rng.normal(size=(n, d))
    vectors_ND *= rng.uniform(0.1, 10, (n, 1))
    return vectors_ND.astype(np.float32), pd.DataFrame({"track_id": [f"track {row}" for row in range(n)]})


def nearest_others(vectors_ND: np.ndarray, k: int) -> np.ndarray:
    unit_ND = vectors_ND.astype(np.float64) / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    similarity_NN = unit_ND @ unit_ND.T
    np.fill_diagonal(similarity_NN, -2)
    return np.argsort(-similarity_NN, axis=1)[:, :k]


def test_others_load_it_and_find_the_nearest_tracks(tmp_path: Path) -> None:
    vectors_ND, ids = catalogue(500)
    recall = write_index(vectors_ND, ids, tmp_path / "music.usearch")
    index, table = Index.restore(str(tmp_path / "music.usearch")), pd.read_parquet(ids_file(tmp_path / "music.usearch"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music.usearch", "music.usearch.ids.parquet"]
    assert index is not None and len(index) == len(table) == 500
    nearest_NK, hits = nearest_others(vectors_ND, 10), 0
    for row in range(500):
        found = index.search(vectors_ND[row], 11)
        names = table.iloc[found.keys]["track_id"].tolist()
        assert names[0] == f"track {row}" and found.distances[0] == pytest.approx(0, abs=1e-3)
        hits += len({f"track {near}" for near in nearest_NK[row]} & set(names[1:]))
    assert recall.queries == 500 and recall.mean == pytest.approx(hits / 5000, abs=1e-3) and recall.mean > 0.95


def test_recall_counts_what_a_worse_index_misses() -> None:
    vectors_ND, _ = catalogue(300)
    index = Index(ndim=16, metric="cos", dtype="f32")
    even = np.arange(0, 300, 2, dtype=np.uint64)
    index.add(even, vectors_ND[even], threads=1)
    expected = (nearest_others(vectors_ND, 10) % 2 == 0).mean()
    assert measure_recall(index, vectors_ND) == Recall(pytest.approx(expected, abs=0.01), 300)


def test_which_of_equal_tracks_is_found_does_not_matter() -> None:
    vectors_ND = np.repeat(catalogue(4)[0], 40, axis=0)
    index = Index(ndim=16, metric="cos", dtype="f32")
    index.add(np.arange(160, dtype=np.uint64), vectors_ND, threads=1)
    assert measure_recall(index, vectors_ND).mean > 0.99


def test_same_vectors_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors_ND, ids = catalogue(200)
    monkeypatch.setattr("unisono.embeddings.index.BLOCK", 7)
    monkeypatch.setattr("unisono.embeddings.index.CHECKED_BLOCK", 13)
    assert write_index(vectors_ND, ids, tmp_path / "one") == write_index(vectors_ND, ids, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_blocks_that_are_checked_change_no_recall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_index(*catalogue(200), tmp_path / "whole")
    monkeypatch.setattr("unisono.embeddings.index.CHECKED_BLOCK", 13)
    assert write_index(*catalogue(200), tmp_path / "blocks") == whole


@pytest.mark.parametrize(("n", "recall"), [(1, Recall(1.0, 0)), (3, Recall(1.0, 3))])
def test_few_tracks(tmp_path: Path, n: int, recall: Recall) -> None:
    assert write_index(*catalogue(n), tmp_path / "few") == recall


def test_of_many_tracks_some_are_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("unisono.embeddings.index.QUERIES", 50)
    assert write_index(*catalogue(400), tmp_path / "many").queries == 50


@pytest.mark.parametrize("taken", ["music", "music.ids.parquet"])
def test_nothing_is_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UserError, match=f"{taken}: exists, and is not overwritten"):
        write_index(*catalogue(20), tmp_path / "music")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(UserError, match="nowhere: no such folder"):
        write_index(*catalogue(20), tmp_path / "nowhere/music")


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    vectors_ND, ids = catalogue(20)
    with pytest.raises(Exception, match="object"):
        write_index(vectors_ND, ids.assign(what=object()), tmp_path / "music")
    assert list(tmp_path.iterdir()) == []
