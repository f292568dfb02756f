"""Embeddings of a corpus: one a window of every track, and their mean a track."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.artifacts.read import damaged, read_matrix, read_table

TRACKS, WINDOWS, INDEX = "tracks.npy", "windows.npy", "index.parquet"
ENCODER = "encoder"  # what the index is told beside its columns


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a corpus; the matrices are memory-mapped and read-only.

    Attributes:
        track_ids: n ids.
        tracks_ND: (n, d) float32, the mean of each track's windows.
        windows_MD: (m, d) float32, the non-overlapping windows, track after track.
        first_window, n_windows: (n,), where each track's windows lie.
        encoder: the weights that made them, by `unisono.encoders.saved.digest`; empty if that is not known.
    """

    track_ids: pd.Index
    tracks_ND: np.ndarray
    windows_MD: np.ndarray
    first_window: np.ndarray
    n_windows: np.ndarray
    encoder: str = ""


def load_embeddings(folder: Path) -> Embeddings:
    """Open what the export wrote.

    Raises:
        UserError: a file is missing or damaged, or they do not belong together.
    """
    index = read_table(folder / INDEX, "track_id", "first_window", "n_windows")
    tracks_ND, windows_MD = read_matrix(folder / TRACKS), read_matrix(folder / WINDOWS)
    expected = (len(index), int(index["n_windows"].sum()))
    if (len(tracks_ND), len(windows_MD)) != expected or tracks_ND.shape[1] != windows_MD.shape[1]:
        raise damaged(
            folder / WINDOWS,
            f"{TRACKS} is {tracks_ND.shape} and {WINDOWS} {windows_MD.shape}, but {INDEX} has {expected[0]} tracks"
            f" with {expected[1]} windows",
        )
    return Embeddings(
        pd.Index(index["track_id"]),
        tracks_ND,
        windows_MD,
        index["first_window"].to_numpy(),
        index["n_windows"].to_numpy(),
        index.attrs.get(ENCODER, ""),
    )
