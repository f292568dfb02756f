"""Batches: which crop of which track with which genres and factors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.alignment.examples import Examples, cf_rows, genre_rows
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index
from unisono.training.batches import training_batches, validation_batches

LENGTHS = [300, 40, 257, 512, 700]


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Five tracks whose frames say (track, number of the frame, 0)."""
    rows = []
    with FrameWriter(tmp_path / shard_name(0), 3) as writer:
        for track, length in enumerate(LENGTHS):
            frames = np.stack([np.full(length, track), np.arange(length), np.zeros(length)], axis=1)
            rows.append({"track_id": f"t{track}", "shard": 0, "first_frame": writer.append(frames), "n_frames": length})
    write_index(tmp_path, pd.DataFrame(rows))
    genres = np.array([[1, 0], [2, 3], [0, 0], [3, 0], [1, 2]])
    cf = np.arange(10, dtype=np.float32).reshape(5, 2)
    return Examples(FrameStore.open(tmp_path), np.arange(5), genres, cf)


def test_a_batch_keeps_a_track_s_modalities_together(examples: Examples) -> None:
    for batch in training_batches(examples, 64, 2, seed=0, epoch=0, workers=0):
        mel_BFT = batch["inputs"]["audio"]
        assert mel_BFT.shape == (2, 3, 64) and mel_BFT.dtype == torch.float32
        for mel, genres, cf in zip(mel_BFT, batch["inputs"]["genre"], batch["inputs"]["playlist"], strict=True):
            track = int(mel[0, 0])
            assert genres.tolist() == examples.genres_NL[track].tolist()
            assert cf.tolist() == examples.cf_NC[track].tolist()
            if LENGTHS[track] > 64:  # frames follow each other along the last axis
                assert (mel[1].diff() == 1).all() and (mel[0] == track).all()
    assert batch["present"]["genre"].tolist() == (batch["inputs"]["genre"] > 0).any(1).tolist()


def test_an_epoch_is_random_but_repeatable_whatever_the_workers(examples: Examples) -> None:
    def epoch(number: int, workers: int) -> torch.Tensor:
        batches = training_batches(examples, 64, 2, seed=5, epoch=number, workers=workers)
        return torch.stack([b["inputs"]["audio"] for b in batches])

    assert len(epoch(0, 0)) == 2  # the fifth track does not fill a batch
    assert torch.equal(epoch(0, 0), epoch(0, 2))
    assert not torch.equal(epoch(0, 0), epoch(1, 0))


def test_crops_reach_both_ends_of_a_track(examples: Examples) -> None:
    starts = set()
    for epoch in range(60):
        for batch in training_batches(examples, 256, 5, seed=0, epoch=epoch, workers=0):
            mel = batch["inputs"]["audio"]
            starts |= {int(m[1, 0]) for m in mel if int(m[0, 0]) == 2}
    assert starts == {0, 1}  # 257 frames hold two crops of 256


def test_validation_sees_every_track_in_the_same_crop(examples: Examples) -> None:
    first, second = (list(validation_batches(examples, 64, 2, seed=0)) for _ in range(2))
    assert [len(b["present"]["audio"]) for b in first] == [2, 2, 1]
    assert [int(m[0, 0]) for b in first for m in b["inputs"]["audio"]] == [0, 1, 2, 3, 4]
    for mine, theirs in zip(first, second, strict=True):
        assert torch.equal(mine["inputs"]["audio"], theirs["inputs"]["audio"])


def test_genre_rows_pad_truncate_and_skip_the_unknown() -> None:
    genres = pd.Series([["b", "a"], [], ["x", "c", "c", "a", "b"]])
    assert genre_rows(genres, pd.Index(["a", "b", "c"]), 2).tolist() == [[2, 1], [0, 0], [3, 1]]
    assert genre_rows(pd.Series([[], []]), pd.Index(["a"]), 10).shape == (2, 1)


def test_cf_rows_are_zero_for_tracks_without_factors() -> None:
    found = cf_rows(pd.Index(["c", "z", "a"]), pd.Index(["a", "b", "c"]), np.array([[1.0, 2], [3, 4], [5, 6]]))
    assert found.tolist() == [[5, 6], [0, 0], [1, 2]] and found.dtype == np.float32
