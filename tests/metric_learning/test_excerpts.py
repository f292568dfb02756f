"""Excerpts of waveforms with the tags that are kept."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.corpora.labels import corpus_labels
from unisono.errors import UserError
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index
from unisono.metric_learning.excerpts import Excerpts, load_excerpts, tag_names
from unisono.training.batches import training_batches, validation_batches

N = 40
LABELS = pd.DataFrame(
    {
        "track_id": [f"t{i}" for i in range(N)],
        "task": "tagged",
        "tags": [["slow"] if i % 2 else ["fast", "loud"] for i in range(N)],
        "split": ["train"] * 30 + ["validation"] * 6 + ["test"] * 4,
    }
)


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    """Forty waves that say (track + sample / 1000); the last ones are shorter than an excerpt."""
    rows = []
    with FrameWriter(tmp_path / shard_name(0), 1) as writer:
        for track in range(N):
            length = 100 if track < 35 else 10
            wave = (track + np.arange(length) / 1000)[:, None]
            rows.append({"track_id": f"t{track}", "shard": 0, "first_frame": writer.append(wave), "n_frames": length})
    write_index(tmp_path, pd.DataFrame(rows))
    LABELS.to_parquet(tmp_path / "labels.parquet")
    return FrameStore.open(tmp_path)


def excerpts(store: FrameStore, part: str = "train") -> Excerpts:
    return load_excerpts(store, LABELS, tag_names(LABELS), part)


def test_a_batch_holds_two_excerpts_of_each_track_and_its_tags(store: FrameStore) -> None:
    names = tag_names(LABELS)
    assert names == ["fast", "loud", "slow"]
    starts = set()
    for batch in training_batches(excerpts(store), 20, 10, seed=0, epoch=0, workers=0, n_views=2):
        first, second, tags = (batch["inputs"][name] for name in ("first", "second", "tags"))
        assert first.shape == second.shape == (10, 1, 20) and first.dtype == torch.float16
        assert torch.equal(first[:, 0, 0].floor(), second[:, 0, 0].floor())
        for number, row in zip(first[:, 0, 0].floor(), tags, strict=True):
            assert [names[t] for t in row.nonzero().flatten()] == LABELS["tags"][int(number)]
        starts |= {(a.item(), b.item()) for a, b in zip(first[:, 0, 0], second[:, 0, 0], strict=True)}
    assert sum(a != b for a, b in starts) > 20


def test_validation_excerpts_are_always_the_same(store: FrameStore) -> None:
    one, two = (
        torch.cat(
            [b["inputs"]["second"] for b in validation_batches(excerpts(store, "validation"), 20, 4, 0, n_views=2)]
        )
        for _ in range(2)
    )
    assert torch.equal(one, two)


def test_a_track_shorter_than_an_excerpt_is_repeated(store: FrameStore) -> None:
    batch = next(iter(validation_batches(excerpts(store, "test"), 25, 4, 0, n_views=2)))
    wave = batch["inputs"]["first"][0, 0]
    assert torch.equal(wave[:10], wave[10:20]) and torch.equal(wave[:5], wave[20:])


@pytest.mark.parametrize(("fraction", "kept"), [(1.0, 30), (0.5, 15), (0.1, 3), (0.01, 1), (0.0, 0)])
def test_a_share_of_the_labels_is_kept(store: FrameStore, fraction: float, kept: int) -> None:
    part = excerpts(store)
    fewer = part.keep_labels(fraction, seed=3)
    assert fewer.labelled_N.sum() == kept and len(fewer) == len(part)
    batches = list(training_batches(fewer, 20, 10, seed=0, epoch=0, workers=0, n_views=2))
    assert sum(int(b["present"]["tags"].sum()) for b in batches) == kept
    assert part.keep_labels(0.1, seed=4).labelled_N.tolist() != part.keep_labels(0.1, seed=3).labelled_N.tolist()


def test_a_smaller_share_lies_in_a_larger(store: FrameStore) -> None:
    part = excerpts(store)
    kept = [set(np.flatnonzero(part.keep_labels(f, seed=0).labelled_N)) for f in (0.01, 0.1, 0.3, 1.0)]
    assert all(small < large for small, large in pairwise(kept))


def test_labels_that_are_not_there(store: FrameStore, tmp_path: Path) -> None:
    found = corpus_labels(store.folder, "tagged", tmp_path / "split.parquet")
    assert list(found.columns) == ["track_id", "tags", "split"] and len(found) == N
    with pytest.raises(UserError, match=r"labels is 'moods', but .* has only the labels tagged, genres"):
        corpus_labels(store.folder, "moods", tmp_path / "split.parquet")
    assert tag_names(LABELS[LABELS["split"] != "train"]) == []
    with pytest.raises(UserError, match="the test part has 0 tracks, expected at least 2"):
        load_excerpts(store, LABELS[LABELS["split"] != "test"], ["slow"], "test")
