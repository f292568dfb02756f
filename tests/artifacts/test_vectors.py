"""Vectors with names on disk."""

from pathlib import Path

import numpy as np
import pytest

from unisono.artifacts.vectors import load_vectors, save_vectors
from unisono.errors import UserError


def test_names_and_vectors_come_back(tmp_path: Path) -> None:
    vectors_ND = np.random.default_rng(0).normal(size=(3, 4))
    save_vectors(tmp_path / "v", ["b", "1", "größer"], vectors_ND)
    ids, found_ND = load_vectors(tmp_path / "v")
    assert ids.tolist() == ["b", "1", "größer"] and found_ND.dtype == np.float32
    np.testing.assert_array_equal(found_ND, vectors_ND.astype(np.float32))
    assert not found_ND.flags.writeable


def test_no_vectors_at_all_come_back_too(tmp_path: Path) -> None:
    save_vectors(tmp_path, [], np.zeros((0, 5)))
    ids, found_ND = load_vectors(tmp_path)
    assert len(ids) == 0 and found_ND.shape == (0, 5)


def test_names_and_rows_that_do_not_match_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 ids for 1 vectors"):
        save_vectors(tmp_path, ["a", "b"], np.zeros((1, 2)))
    save_vectors(tmp_path, ["a", "b"], np.zeros((2, 2)))
    np.save(tmp_path / "vectors.npy", np.zeros((3, 2), np.float32))
    with pytest.raises(UserError, match=r"ids.parquet names 2 rows, but vectors.npy has 3"):
        load_vectors(tmp_path)
