"""What an encoder has to beat without any training: the plain statistics of its input."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from unisono.embeddings.windows import n_windows, windows_of
from unisono.embeddings.write import save_embeddings
from unisono.frames.store import FrameStore

LEAST_STD = 1e-6  # a band that never changes is left as it is


def export_statistics(store: FrameStore, length: int, folder: Path) -> None:
    """Embed each track as the mean and the standard deviation of each band over the track: (n, 2 F).

    A window's are over the window. Each number is standardised over all tracks of the store, a window's over all
    windows: no label is looked at.

    Args:
        length: frames of a window.
    """
    windows_N = n_windows(store.index["n_frames"].to_numpy(), length)
    tracks_ND = np.empty((len(windows_N), 2 * store.n_bands), dtype=np.float32)
    windows_MD = np.empty((windows_N.sum(), 2 * store.n_bands), dtype=np.float32)
    first = 0
    for row, track_id in enumerate(tqdm(store.index.index, desc="statistics", unit=" tracks", disable=None)):
        frames_TF = store.read(track_id).astype(np.float32)
        tracks_ND[row] = _mean_and_std(frames_TF[None])
        windows_MD[first : first + windows_N[row]] = _mean_and_std(windows_of(frames_TF, length))
        first += windows_N[row]
    for values in (tracks_ND, windows_MD):
        _standardise(values)
    save_embeddings(folder, store.index.index, tracks_ND, windows_MD, windows_N)


def export_as_they_came(store: FrameStore, folder: Path) -> None:
    """Embed each track of a store of vectors as the mean of its vectors, and each window as its vector."""
    windows_N = store.index["n_frames"].to_numpy()
    means_ND = np.empty((len(windows_N), store.n_bands), dtype=np.float32)
    vectors_MD = np.empty((windows_N.sum(), store.n_bands), dtype=np.float32)
    first_N = np.cumsum(windows_N) - windows_N
    for mean_D, first, count, track_id in zip(means_ND, first_N, windows_N, store.index.index, strict=True):
        vectors_MD[first : first + count] = store.read(track_id)
        mean_D[:] = vectors_MD[first : first + count].mean(axis=0)
    save_embeddings(folder, store.index.index, means_ND, vectors_MD, windows_N)


def _mean_and_std(windows_MTF: np.ndarray) -> np.ndarray:
    return np.concatenate([windows_MTF.mean(axis=1), windows_MTF.std(axis=1)], axis=1)


def _standardise(values_ND: np.ndarray) -> None:
    """In place: there may be millions of windows, for which float32 sums are too coarse and copies too large."""
    values_ND -= values_ND.mean(axis=0, dtype=np.float64)
    std_D = np.sqrt(np.einsum("nd,nd->d", values_ND, values_ND, dtype=np.float64) / len(values_ND))
    values_ND /= np.where(std_D > LEAST_STD, std_D, 1)
