"""Embeddings that are at hand, written as the export of an encoder is."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.embeddings.read import INDEX, TRACKS, WINDOWS


def save_embeddings(
    folder: Path, track_ids: pd.Index, tracks_ND: np.ndarray, windows_MD: np.ndarray, n_windows: np.ndarray
) -> None:
    """Write what `unisono.embeddings.read.load_embeddings` reads; `folder` appears when all is there.

    Args:
        windows_MD: the windows, track after track.
        n_windows: how many each track has, at least one.
    """
    work = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name, matrix in ((TRACKS, tracks_ND), (WINDOWS, windows_MD)):
        np.save(work / name, matrix.astype(np.float32, copy=False), allow_pickle=False)
    first_window = np.concatenate([[0], np.cumsum(n_windows)[:-1]]).astype(np.int64)
    index = pd.DataFrame({"track_id": track_ids, "first_window": first_window, "n_windows": n_windows})
    index.to_parquet(work / INDEX, index=False)
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
