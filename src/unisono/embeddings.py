"""Embeddings of a corpus: one a window of every track, and their mean a track."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.errors import UserError

FILES = ("tracks.npy", "windows.npy", "index.parquet")


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a corpus; the matrices are memory-mapped and read-only.

    Attributes:
        track_ids: n ids.
        tracks_ND: (n, d) float32, the mean of each track's windows.
        windows_MD: (m, d) float32, the non-overlapping windows, track after track.
        first_window, n_windows: (n,), where each track's windows lie.
    """

    track_ids: pd.Index
    tracks_ND: np.ndarray
    windows_MD: np.ndarray
    first_window: np.ndarray
    n_windows: np.ndarray


def load_embeddings(folder: Path) -> Embeddings:
    """Open what the export wrote.

    Raises:
        UserError: a file is missing.
    """
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise UserError(f"{folder}: no {' and no '.join(missing)}; make the embeddings with `dvc repro`")
    index = pd.read_parquet(folder / "index.parquet")
    tracks_ND, windows_MD = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in FILES[:2])
    return Embeddings(
        pd.Index(index["track_id"]),
        tracks_ND,
        windows_MD,
        index["first_window"].to_numpy(),
        index["n_windows"].to_numpy(),
    )
