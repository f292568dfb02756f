"""Examples: a track's crops with what it has of each modality."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numbered_frames import numbered_frames

from unisono.alignment.examples import Examples
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.training.batches import training_batches

LENGTHS = [300, 40, 257, 512, 700]
TRAIN: Any = SimpleNamespace(genres_per_track=2)
TRACKS = pd.DataFrame(
    {"genres": [["c"], ["a", "b"], [], ["b", "c", "a"], ["x"]]}, index=[f"t{row}" for row in (3, 0, 4, 1, 2)]
)
GENRES = {"t3": [3, 0], "t0": [1, 2], "t4": [0, 0], "t1": [2, 3], "t2": [0, 0]}
FACTORS = {"t0": [1, 2], "t1": [3, 4], "t2": [0, 0], "t3": [5, 6], "t4": [0, 0]}  # t2 has none, t4 is unknown


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Five tracks in another order than the store's."""
    genres = Genres(pd.Index(["a", "b", "c"]), np.ones((3, 4), dtype=np.float32))
    factors = np.array([FACTORS[f"t{row}"] for row in range(4)], dtype=np.float32)
    playlists = Playlists(pd.Index(["t0", "t1", "t2", "t3"]), factors)
    return Examples.of(TRACKS, numbered_frames(tmp_path, LENGTHS), [genres, playlists], TRAIN)


@pytest.mark.parametrize("n_views", [1, 2])
def test_a_batch_keeps_a_track_s_modalities_together(examples: Examples, n_views: int) -> None:
    seen = set()
    for batch in training_batches(examples, 64, 2, seed=0, epoch=0, workers=0, n_views=n_views):
        views = ["audio", "crop"][:n_views]
        assert list(batch["inputs"]) == list(batch["present"]) == [*views, "genre", "playlist"]
        for view in views:
            assert batch["inputs"][view].shape == (2, 3, 64) and batch["inputs"][view].dtype == torch.float16
            assert batch["present"][view].all()
        for row in range(2):
            track = int(batch["inputs"]["audio"][row, 0, 0])
            for view in views:  # frames follow each other along the last axis
                crop_FT = batch["inputs"][view][row]
                assert (crop_FT[0] == track).all() or LENGTHS[track] < 64
                assert (crop_FT[1].diff() == 1).all() or LENGTHS[track] < 64
            genres, factors = (batch["inputs"][name][row].tolist() for name in ("genre", "playlist"))
            assert (genres, factors) == (GENRES[f"t{track}"], FACTORS[f"t{track}"])
            assert batch["present"]["genre"][row].item() == any(genres)
            assert batch["present"]["playlist"][row].item() == any(factors)
            seen.add(track)
    assert len(seen) == 4


def test_two_views_are_two_crops(examples: Examples) -> None:
    (batch,) = training_batches(examples, 64, 5, seed=0, epoch=0, workers=0, n_views=2)
    assert not torch.equal(batch["inputs"]["audio"], batch["inputs"]["crop"])


def test_only_the_modalities_that_are_asked_for_are_read(tmp_path: Path) -> None:
    only_audio = Examples.of(TRACKS[[]], numbered_frames(tmp_path, LENGTHS), [], TRAIN)
    (batch,) = training_batches(only_audio, 64, 5, seed=0, epoch=0, workers=0)
    assert set(batch["inputs"]) == set(batch["present"]) == {"audio"}
