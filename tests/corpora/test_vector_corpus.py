"""Folders of vectors: what is read of them, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unisono.corpora import vectors
from unisono.corpora.reading.vector_files import PARQUET, vector_blocks, vector_rows
from unisono.errors import UserError

IDS, DIM = ["a", "b", "c"], 4
VECTORS = np.random.default_rng(0).normal(size=(5, DIM)).astype(np.float32)
ROWS = ["b", "b", "b", "a", "x"]  # x is not in tracks.csv, and c has none


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tracks.csv").write_text("track_id,genres,artist\na,rock;folk,Ann\nb,,Bob\nc,jazz,Cleo\n")
    (tmp_path / "playlists").mkdir()
    (tmp_path / "playlists/p.m3u8").write_text("a\nb\nunknown\n")
    (tmp_path / "playlists/q.m3u8").write_text("c\n")
    write_parquet(tmp_path, ROWS, VECTORS.tolist())
    return tmp_path


def write_parquet(root: Path, ids: list, rows: list, kind: pa.DataType | None = None) -> None:
    table = pa.table({"track_id": ids, "vector": pa.array(rows, kind or pa.list_(pa.float32()))})
    pq.write_table(table, root / "vectors.parquet")


def test_tracks_lie_in_runs_of_rows(root: Path) -> None:
    catalogue = vectors.read(root)
    assert catalogue.tracks["source"].to_dict() == {"a": "vectors.parquet!3+1", "b": "vectors.parquet!0+3"}
    assert catalogue.tracks["genres"].tolist() == [["rock", "folk"], []]
    assert catalogue.tracks["path"].tolist() == ["", ""]
    assert catalogue.rejects.to_dict("records") == [
        {"track_id": "c", "source": "vectors.parquet", "reason": "no vector"}
    ]
    assert catalogue.playlists["tracks"].to_dict() == {"p": ["a", "b"]}
    counts = {"dimensions": DIM, "vectors_of_unknown_tracks": 1, "unknown_playlist_tracks": 1}
    assert counts.items() <= catalogue.counts.items()


def test_a_matrix_with_an_id_list_is_the_same(root: Path) -> None:
    expected = vectors.read(root).tracks
    (root / "vectors.parquet").unlink()
    np.save(root / "vectors.npy", VECTORS.astype(np.float64))
    (root / "vectors.txt").write_text("\n".join(ROWS) + "\n")
    found = vectors.read(root).tracks
    assert found["source"].str.replace("npy", "parquet").equals(expected["source"])


def test_playlists_of_paths_find_tracks_that_have_one(root: Path) -> None:
    (root / "tracks.csv").write_text("track_id,path\na,music/a.ogg\nb,music/b.ogg\n")
    (root / "playlists/p.m3u8").write_text("../music/b.ogg\n")
    catalogue = vectors.read(root)
    assert catalogue.playlists["tracks"].to_dict() == {"p": ["b"]}
    assert catalogue.tracks["path"].tolist() == ["music/a.ogg", "music/b.ogg"]


def test_ids_may_be_numbers(root: Path) -> None:
    (root / "tracks.csv").write_text("track_id\n7\n12\n")
    write_parquet(root, [12, 7], VECTORS[:2].tolist())
    assert vectors.read(root).tracks.index.tolist() == ["7", "12"]


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float64()), pa.large_list(pa.float32()), pa.list_(pa.float32(), DIM), pa.list_(pa.int16())]
)
def test_every_list_of_numbers_will_do(root: Path, kind: pa.DataType) -> None:
    rows = np.round(VECTORS * 10).astype(int)
    write_parquet(root, ROWS, rows.tolist(), kind)
    blocks = list(vector_blocks(root / "vectors.parquet", DIM))
    np.testing.assert_array_equal(np.concatenate([block.rows_RD for block in blocks]), rows)


def test_the_first_vector_that_there_is_tells_how_long_they_are(root: Path) -> None:
    write_parquet(root, ["a", "b", "c"], [None, [], [1, 2, 3]])
    assert vector_rows(root / PARQUET).dim == 3


def test_an_archive_of_matrices_is_a_sentence(root: Path) -> None:
    (root / PARQUET).unlink()
    with (root / "vectors.npy").open("wb") as file:
        np.savez(file, VECTORS)
    with pytest.raises(UserError, match=r"an \.npz archive, expected an .npy matrix"):
        vectors.read(root)


def test_rows_that_are_no_vector_hold_nan(root: Path) -> None:
    write_parquet(root, ROWS, [[1, 2, 3, 4], None, [1, 2], [1, None, 3, 4], []])
    [block] = vector_blocks(root / "vectors.parquet", DIM)
    assert block.lengths_R.tolist() == [4, 0, 2, 4, 0]
    assert np.isfinite(block.rows_RD).all(axis=1).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda r: (r / "vectors.parquet").unlink(), r"has neither vectors.parquet nor vectors.npy; put one there"),
        (lambda r: np.save(r / "vectors.npy", VECTORS), "has both vectors.parquet and vectors.npy; remove one"),
        (lambda r: (r / "vectors.parquet").write_bytes(b"PAR1"), "not a Parquet file that can be read"),
        (lambda r: write_parquet(r, ["a", "b", "a"], VECTORS[:3].tolist()), "rows of 1 tracks do not stand together"),
        (lambda r: write_parquet(r, ["a", None], VECTORS[:2].tolist()), "1 rows have no track_id"),
        (lambda r: write_parquet(r, [], []), "has no row; expected a vector a track"),
        (lambda r: write_parquet(r, ["a", "b"], [None, []]), "none of its 2 vectors has a number"),
        (
            lambda r: pq.write_table(
                pa.table([["a"], ["b"], [[1.0]]], ["track_id", "track_id", "vector"]), r / PARQUET
            ),
            "has the column track_id more than once",
        ),
        (lambda r: write_parquet(r, ["a"], ["x"], pa.string()), "the column vector holds string, expected list<float>"),
        (
            lambda r: pd.DataFrame({"id": ["a"], "vector": [[1.0]]}).to_parquet(r / "vectors.parquet"),
            "has no column track_id; found id, vector",
        ),
        (lambda r: (r / "tracks.csv").unlink(), "has no tracks.csv"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(root: Path, break_it: object, message: str) -> None:
    assert callable(break_it)
    break_it(root)
    with pytest.raises(UserError, match=message):
        vectors.read(root)


@pytest.mark.parametrize(
    ("matrix", "ids", "message"),
    [
        (VECTORS, "a\nb\n", "has 2 lines, 2 of them with an id, but vectors.npy has 5 rows"),
        (VECTORS, "a\nb\n\nc\nd\n", "has 5 lines, 4 of them with an id"),
        (VECTORS[0], "a\n", r"holds float32 of shape \(4,\), expected floating point of shape \(rows, dimensions\)"),
        (np.arange(10).reshape(5, 2), "a\n", "holds int64 of shape"),
        (np.array([[None]]), "a\n", "not an .npy matrix"),
    ],
)
def test_a_matrix_that_cannot_be_read_is_a_sentence(root: Path, matrix: np.ndarray, ids: str, message: str) -> None:
    (root / "vectors.parquet").unlink()
    np.save(root / "vectors.npy", matrix, allow_pickle=True)
    (root / "vectors.txt").write_text(ids)
    with pytest.raises(UserError, match=message):
        vectors.read(root)
