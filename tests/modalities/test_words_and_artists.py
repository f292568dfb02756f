"""Words and artists as modalities: what they read, how many of them count, and vectors that stand alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from unisono.artifacts.vectors import save_vectors
from unisono.errors import UserError
from unisono.modalities.artists import Artists
from unisono.modalities.word2vec import evened
from unisono.modalities.words import Words

TRAIN: Any = SimpleNamespace(genres_per_track=2)
NAMES = ["day", "rain", "비"]


def test_words_of_a_track_are_those_beside_the_vectors_whatever_the_limit_of_genres(tmp_path: Path) -> None:
    save_vectors(tmp_path, NAMES, np.eye(3, 8))
    bags = pd.DataFrame({"track_id": ["b", "x"], "words": [["비", "gone", "rain", "day"], ["day"]]})
    bags.to_parquet(tmp_path / "tracks.parquet", index=False)
    modality = Words.load(tmp_path)
    rows_NL = modality.rows(pd.DataFrame(index=["a", "b"]), TRAIN)
    assert rows_NL.tolist() == [[0, 0, 0], [3, 2, 1]]
    assert modality.present(rows_NL).tolist() == [False, True]
    (tmp_path / "tracks.parquet").unlink()
    with pytest.raises(UserError, match=r"tracks\.parquet: no such file"):
        Words.load(tmp_path)


def test_no_word_at_all(tmp_path: Path) -> None:
    save_vectors(tmp_path, [], np.zeros((0, 8)))
    pd.DataFrame({"track_id": [], "words": []}).to_parquet(tmp_path / "tracks.parquet", index=False)
    modality = Words.load(tmp_path)
    assert not modality.present(modality.rows(pd.DataFrame(index=["a"]), TRAIN)).any()


def test_artists_are_the_catalogue_s_and_as_many_as_genres() -> None:
    tracks = pd.DataFrame({"artists": [["Bob", "Ann", "Eve"], [], ["nobody"]]}, index=["a", "b", "c"])
    modality = Artists(pd.Index(["Ann", "Bob", "Eve"]), np.eye(3, 8))
    assert modality.rows(tracks, TRAIN).tolist() == [[2, 1], [0, 0], [0, 0]]


def test_evened_vectors_keep_their_direction() -> None:
    vectors_GD = np.array([[3.0, 4.0], [1e-6, 0.0], [0.0, 0.0]], dtype=np.float32)
    even_GD = evened(vectors_GD)
    np.testing.assert_allclose(even_GD, np.array([[0.6, 0.8], [1, 0], [0, 0]]) * 2**0.5, rtol=1e-5)
    assert even_GD.dtype == np.float32
