"""A track's windows: its non-overlapping stretches of one length."""

import numpy as np


def n_windows(n_frames: np.ndarray, length: int) -> np.ndarray:
    """How many windows of `length` frames tracks of `n_frames` have: at least one, in which a short track repeats."""
    return np.maximum(n_frames // length, 1)


def windows_of(frames_TF: np.ndarray, length: int) -> np.ndarray:
    """A track's windows (M, length, F): its non-overlapping stretches from the first frame on.

    What is left at the end is not used. A track shorter than one window is repeated to fill one.
    """
    count = max(len(frames_TF) // length, 1)
    if len(frames_TF) < length:
        frames_TF = frames_TF.take(np.arange(length), axis=0, mode="wrap")
    return frames_TF[: count * length].reshape(count, length, -1)
