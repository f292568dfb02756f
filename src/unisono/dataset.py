"""Batches of associated examples: a mel crop, its track's genres, its track's CF factors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from unisono.store import FrameStore

Batch = dict[str, dict[str, Tensor]]


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
        return bool({"audio": len(self), "genre": self.genres_NL.any(), "playlist": self.cf_NC.any()}[modality])

    def batch(self, picked_B: np.ndarray, crops_BTF: np.ndarray) -> Batch:
        """The inputs of each modality for the picked examples, and which of them have that modality."""
        genres_BL = torch.from_numpy(self.genres_NL[picked_B])
        cf_BC = torch.from_numpy(self.cf_NC[picked_B])
        return {
            "inputs": {"audio": to_mel(crops_BTF), "genre": genres_BL, "playlist": cf_BC},
            "present": {
                "audio": torch.ones(len(picked_B), dtype=torch.bool),
                "genre": (genres_BL > 0).any(dim=1),
                "playlist": (cf_BC != 0).any(dim=1),
            },
        }


def to_mel(crops_BTF: np.ndarray) -> Tensor:
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
    examples: Examples, crop_frames: int, batch_size: int, seed: int, epoch: int, workers: int
) -> Iterable[Batch]:
    """An epoch in random order with a random crop a track; the last, shorter batch is dropped.

    Order and crops depend on (seed, epoch) alone, not on the number of worker processes.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(examples))
    last_start = np.maximum(examples.store.index["n_frames"].to_numpy()[examples.rows_N] - crop_frames, 0)
    starts = rng.integers(0, last_start + 1)
    n_batches = len(examples) // batch_size
    picks = np.split(order[: n_batches * batch_size], n_batches)
    return DataLoader(
        _Batches(examples, picks, starts, crop_frames),
        batch_size=None,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )


def validation_batches(examples: Examples, crop_frames: int, batch_size: int, seed: int) -> Iterator[Batch]:
    """Every example once, always the same crop; batches as equal as can be, so that none is a stray remainder."""
    last_start = np.maximum(examples.store.index["n_frames"].to_numpy()[examples.rows_N] - crop_frames, 0)
    starts = np.random.default_rng(seed).integers(0, last_start + 1)
    picks = np.array_split(np.arange(len(examples)), -(-len(examples) // batch_size))
    batches = _Batches(examples, picks, starts, crop_frames)
    return (batches[k] for k in range(len(picks)))


class _Batches(Dataset[Batch]):
    """A list of batches as a dataset whose items are whole batches, so that each is one read by one worker."""

    def __init__(self, examples: Examples, picks: list[np.ndarray], starts_N: np.ndarray, crop_frames: int) -> None:
        self.examples, self.picks, self.starts_N, self.crop_frames = examples, picks, starts_N, crop_frames

    def __len__(self) -> int:
        return len(self.picks)

    def __getitem__(self, k: int) -> Batch:
        picked = self.picks[k]
        rows = self.examples.rows_N[picked]
        return self.examples.batch(picked, self.examples.store.crops(rows, self.starts_N[picked], self.crop_frames))
