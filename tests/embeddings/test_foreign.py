"""Others' vectors of a corpus: what is missing is counted, and nothing is guessed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from unisono.embeddings.foreign import read_foreign
from unisono.errors import UserError

CORPUS = pd.Index(["a", "b", "c", "d", "e"])


def write(path: Path, rows: list[tuple[str, list | None]]) -> Path:
    pd.DataFrame(rows, columns=["track_id", "vector"]).to_parquet(path)
    return path


def test_tracks_come_in_the_corpus_s_order_as_means_of_their_vectors(tmp_path: Path) -> None:
    rows = [("e", [5.0, 5.0]), ("x", [9.0, 9.0]), ("b", [1.0, 0.0]), ("b", [3.0, 2.0]), ("a", [7.0, 1.0])]
    found = read_foreign(write(tmp_path / "v.parquet", rows), CORPUS)
    assert found.track_ids.tolist() == ["a", "b", "e"] and found.n_windows.tolist() == [1, 2, 1]
    np.testing.assert_array_equal(found.tracks_ND, [[7, 1], [2, 1], [5, 5]])
    np.testing.assert_array_equal(found.windows_MD, [[7, 1], [1, 0], [3, 2], [5, 5]])
    assert found.counts == {"tracks": 5, "missing": 2, "rejected": 0, "unknown": 1}


def test_a_track_with_one_bad_vector_has_none(tmp_path: Path) -> None:
    rows = [
        ("a", [1.0, 2.0]), ("b", [1.0, 2.0]), ("b", [1.0, None]), ("c", [0.0, 0.0]), ("d", [1.0]), ("e", None),
    ]  # fmt: skip
    found = read_foreign(write(tmp_path / "v.parquet", rows), CORPUS)
    assert found.track_ids.tolist() == ["a"] and found.counts["rejected"] == 4 and len(found.windows_MD) == 1


def test_other_ids_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="usable vector of none of the corpus's 5 tracks; its ids are such as 'z'"):
        read_foreign(write(tmp_path / "v.parquet", [("z", [1.0])]), CORPUS)


def test_a_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_foreign(tmp_path / "v.parquet", CORPUS)


def test_a_damaged_page_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "v.parquet", [(track_id, [float(n)]) for n, track_id in enumerate(CORPUS, 1)])
    content = bytearray(path.read_bytes())
    first = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    content[first : first + 4] = b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a Parquet file that can be read"):
        read_foreign(path, CORPUS)


def test_what_no_float32_holds_is_no_vector(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    found = read_foreign(write(tmp_path / "v.parquet", [("a", [1e300]), ("b", [1.0])]), CORPUS)
    assert found.track_ids.tolist() == ["b"] and found.counts["rejected"] == 1 and not recwarn.list
