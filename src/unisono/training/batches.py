"""Batches of crops of tracks: which crop of which track, the same whatever the number of worker processes."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from unisono.frames.store import FrameStore
from unisono.process import end_with_parent
from unisono.training.loop import Batch


class Cropped(Protocol):
    """Examples that are tracks of a frame store, and become batches with one or more crops of each."""

    @property
    def store(self) -> FrameStore: ...

    @property
    def rows_N(self) -> np.ndarray: ...  # the examples' rows in the store

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch: ...  # views: crops (B, T, F)


def training_batches(
    examples: Cropped, crop_frames: int, batch_size: int, seed: int, epoch: int, workers: int, n_views: int = 1
) -> Iterable[Batch]:
    """An epoch in random order with `n_views` random crops a track; the last, shorter batch is dropped.

    Order and crops depend on (seed, epoch) alone, not on the number of worker processes.
    """
    batches = training_plan(examples, crop_frames, batch_size, seed, epoch, n_views)
    # torch's workers take whoever is their parent at first for theirs: if ours ends while one starts, it stays for ever
    begin = partial(_end_with_parent, os.getpid())
    return DataLoader(
        batches, batch_size=None, num_workers=workers, worker_init_fn=begin, pin_memory=torch.cuda.is_available()
    )


def validation_batches(
    examples: Cropped, crop_frames: int, batch_size: int, seed: int, n_views: int = 1
) -> Iterator[Batch]:
    """Every example once, always the same crops; batches as equal as can be, so that none is a stray remainder."""
    batches = validation_plan(examples, crop_frames, batch_size, seed, n_views)
    return (batches[k] for k in range(len(batches)))


class Batches(Dataset[Batch]):
    """A list of batches as a dataset whose items are whole batches, so that each is one read by one worker."""

    def __init__(self, examples: Cropped, picks: list[np.ndarray], starts_VN: np.ndarray, crop_frames: int) -> None:
        self.examples, self.picks, self.starts_VN, self.crop_frames = examples, picks, starts_VN, crop_frames

    def __len__(self) -> int:
        return len(self.picks)

    def __getitem__(self, k: int) -> Batch:
        picked = self.picks[k]
        rows = self.examples.rows_N[picked]
        crops = [self.examples.store.crops(rows, starts_N[picked], self.crop_frames) for starts_N in self.starts_VN]
        return self.examples.batch(picked, crops)

    def track_ids(self, k: int) -> list[str]:
        """The tracks of batch `k`, in its order."""
        return self.examples.store.index.index[self.examples.rows_N[self.picks[k]]].tolist()


def training_plan(
    examples: Cropped, crop_frames: int, batch_size: int, seed: int, epoch: int, n_views: int = 1
) -> Batches:
    """What `training_batches` reads."""
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(examples.rows_N))
    starts_VN = _starts(examples, crop_frames, n_views, rng)
    n_batches = len(examples.rows_N) // batch_size
    picks = np.split(order[: n_batches * batch_size], n_batches)
    return Batches(examples, picks, starts_VN, crop_frames)


def validation_plan(examples: Cropped, crop_frames: int, batch_size: int, seed: int, n_views: int = 1) -> Batches:
    """What `validation_batches` reads."""
    starts_VN = _starts(examples, crop_frames, n_views, np.random.default_rng(seed))
    n_examples = len(examples.rows_N)
    picks = np.array_split(np.arange(n_examples), -(-n_examples // batch_size))
    return Batches(examples, picks, starts_VN, crop_frames)


def _end_with_parent(parent: int, worker: int) -> None:
    end_with_parent(parent)


def _starts(examples: Cropped, crop_frames: int, n_views: int, rng: np.random.Generator) -> np.ndarray:
    """Where each view of each example starts (V, N), uniform over all crops that fit."""
    last_start_N = np.maximum(examples.store.index["n_frames"].to_numpy()[examples.rows_N] - crop_frames, 0)
    return rng.integers(0, last_start_N + 1, size=(n_views, len(last_start_N)))
