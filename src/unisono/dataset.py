"""Batches of crops of tracks, and the first system's examples: a mel crop, its track's genres, its CF factors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from unisono.store import FrameStore

Batch = dict[str, dict[str, Tensor]]


class Cropped(Protocol):
    """Examples that are tracks of a frame store, and become batches with one or more crops of each."""

    @property
    def store(self) -> FrameStore: ...

    @property
    def rows_N(self) -> np.ndarray: ...  # the examples' rows in the store

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch: ...  # views: crops (B, T, F)


@dataclass(frozen=True)
class Examples:
    """The associated examples D = {(X_a, X_w, x_cf)} of Ferraro et al. 2021, section 2.

    Attributes:
        store: the mels; `rows_N` are the examples' rows in it.
        genres_NL: int64 (n, L): genre row + 1, 0 for padding; all zero for a track without genres.
        cf_NC: float32 (n, F_cf); all zero for a track that no playlist holds.
    """

    store: FrameStore
    rows_N: np.ndarray
    genres_NL: np.ndarray
    cf_NC: np.ndarray

    def __len__(self) -> int:
        return len(self.rows_N)

    def has(self, modality: str) -> bool:
        """Whether any example has it."""
        optional = {"genre": self.genres_NL, "playlist": self.cf_NC}  # any track has audio
        return modality not in optional or bool(optional[modality].any())

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch:
        """The inputs of each modality for the picked examples, and which of them have that modality.

        A second view, another crop of the same tracks, is a modality of its own: "crop".
        """
        everywhere = torch.ones(len(picked_B), dtype=torch.bool)
        audio = dict(zip(("audio", "crop"), map(bands_first, views), strict=False))
        genres_BL = torch.from_numpy(self.genres_NL[picked_B])
        cf_BC = torch.from_numpy(self.cf_NC[picked_B])
        return {
            "inputs": {**audio, "genre": genres_BL, "playlist": cf_BC},
            "present": {
                **dict.fromkeys(audio, everywhere),
                "genre": (genres_BL > 0).any(dim=1),
                "playlist": (cf_BC != 0).any(dim=1),
            },
        }


def bands_first(crops_BTF: np.ndarray) -> Tensor:
    """Stored frames (B, T, F) as the encoder takes them: (B, F, T), float32."""
    return torch.from_numpy(crops_BTF).float().transpose(1, 2).contiguous()


def genre_rows(genres: pd.Series, names: pd.Index, max_per_track: int) -> np.ndarray:
    """Each track's first `max_per_track` genres as rows of `names`, plus 1: int64 (n, L), 0 for padding.

    Genres without a vector (no training track has them) are left out.
    """
    row_of = {name: row + 1 for row, name in enumerate(names)}
    sets = [list(dict.fromkeys(row_of[g] for g in track if g in row_of))[:max_per_track] for track in genres]
    padded_NL = np.zeros((len(sets), max([1, *map(len, sets)])), dtype=np.int64)
    for row, known in zip(padded_NL, sets, strict=True):
        row[: len(known)] = known
    return padded_NL


def cf_rows(track_ids: pd.Index, ids: pd.Index, vectors_MC: np.ndarray) -> np.ndarray:
    """Each track's CF factors: float32 (n, F_cf), zero where there are none."""
    rows = ids.get_indexer(track_ids)
    return np.where(rows[:, None] >= 0, vectors_MC[rows], 0).astype(np.float32)


def training_batches(
    examples: Cropped, crop_frames: int, batch_size: int, seed: int, epoch: int, workers: int, n_views: int = 1
) -> Iterable[Batch]:
    """An epoch in random order with `n_views` random crops a track; the last, shorter batch is dropped.

    Order and crops depend on (seed, epoch) alone, not on the number of worker processes.
    """
    batches = training_plan(examples, crop_frames, batch_size, seed, epoch, n_views)
    return DataLoader(batches, batch_size=None, num_workers=workers, pin_memory=torch.cuda.is_available())


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


def _starts(examples: Cropped, crop_frames: int, n_views: int, rng: np.random.Generator) -> np.ndarray:
    """Where each view of each example starts (V, N), uniform over all crops that fit."""
    last_start_N = np.maximum(examples.store.index["n_frames"].to_numpy()[examples.rows_N] - crop_frames, 0)
    return rng.integers(0, last_start_N + 1, size=(n_views, len(last_start_N)))
