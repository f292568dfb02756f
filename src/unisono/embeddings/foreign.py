"""Vectors that another model made of a corpus's tracks, brought beside our own."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.corpora.reading.vector_files import runs_of, vector_blocks, vector_rows
from unisono.errors import UserError


@dataclass(frozen=True)
class Foreign:
    """The usable vectors of a corpus's tracks, in the corpus's order.

    Attributes:
        track_ids: n ids.
        tracks_ND: (n, d) float32, the mean of each track's vectors.
        windows_MD: (m, d) float32, the vectors, track after track.
        n_windows: (n,), how many each track has.
        counts: of the corpus's tracks (`tracks`), those without a vector (`missing`) and those whose vector is not
            finite, all zero or of another length (`rejected`); and of tracks that are not the corpus's (`unknown`).
    """

    track_ids: pd.Index
    tracks_ND: np.ndarray
    windows_MD: np.ndarray
    n_windows: np.ndarray
    counts: dict[str, int]


def read_foreign(path: Path, track_ids: pd.Index) -> Foreign:
    """Read a file of vectors for the tracks of a corpus; see `unisono.corpora.reading.vector_files`.

    Raises:
        UserError: it is missing or damaged, or has no usable vector of any of the tracks.
    """
    rows = vector_rows(path)
    runs = runs_of(path, rows.track_ids)
    here = track_ids[track_ids.isin(runs.index)]
    places = runs.loc[here]
    windows_MD = _read_rows(path, rows.dim, _rows_of(places))
    first_window = np.cumsum(places["count"]) - places["count"]
    usable_M = np.isfinite(windows_MD).all(axis=1) & windows_MD.any(axis=1)
    usable_N = np.logical_and.reduceat(usable_M, first_window) if len(here) else np.zeros(0, dtype=bool)
    if not usable_N.any():
        raise UserError(
            f"{path}: has a usable vector of none of the corpus's {len(track_ids)} tracks; its ids are such as"
            f" {str(rows.track_ids[0])!r}, the corpus's such as {str(track_ids[0])!r}: they have to be the same"
        )
    kept, n_windows = here[usable_N], places["count"].to_numpy()[usable_N]
    windows_MD = windows_MD[np.repeat(usable_N, places["count"])]
    means_ND = np.add.reduceat(windows_MD, np.cumsum(n_windows) - n_windows, axis=0)
    means_ND /= n_windows[:, None]
    counts = {
        "tracks": len(track_ids),
        "missing": len(track_ids) - len(here),
        "rejected": len(here) - len(kept),
        "unknown": len(runs) - len(here),
    }
    return Foreign(kept, means_ND, windows_MD, n_windows, counts)


def _read_rows(path: Path, dim: int, rows_M: np.ndarray) -> np.ndarray:
    """Some rows of a file, in the order of `rows_M`: (M, dim) float32; what float32 cannot hold is infinite."""
    found_MD = np.empty((len(rows_M), dim), dtype=np.float32)
    by_row_M = np.argsort(rows_M)
    for block in vector_blocks(path, dim):
        bounds = np.searchsorted(rows_M, [block.first, block.first + len(block.rows_RD)], sorter=by_row_M)
        here = by_row_M[slice(*bounds)]
        with np.errstate(over="ignore"):
            found_MD[here] = block.rows_RD[rows_M[here] - block.first]
    return found_MD


def _rows_of(places: pd.DataFrame) -> np.ndarray:
    """The rows of some runs (columns `first` and `count`), one run after the other."""
    count_N = places["count"].to_numpy()
    step = np.arange(count_N.sum()) - np.repeat(np.cumsum(count_N) - count_N, count_N)
    return np.repeat(places["first"].to_numpy(), count_N) + step
