"""The first system's examples: a mel crop of a track, its genres, its CF factors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from unisono.frames.store import FrameStore
from unisono.training.batches import bands_first
from unisono.training.loop import Batch


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
