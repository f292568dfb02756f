"""The first system's examples: a mel crop of a track, and what the track has of each modality."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from unisono.alignment.alignments import AUDIO, CROP
from unisono.encoders.audio_encoder import bands_first
from unisono.frames.store import FrameStore
from unisono.modalities.modality import Modality
from unisono.params import Train
from unisono.training.loop import Batch


@dataclass(frozen=True)
class Examples:
    """The associated examples D = {(X_a, X_w, x_cf)} of Ferraro et al. 2021, section 2.

    Attributes:
        store: the mels; `rows_N` are the examples' rows in it.
        inputs: a modality's rows (n, ...), what its encoder takes of each example.
        present: which examples have the modality: (n,) bool.
    """

    store: FrameStore
    rows_N: np.ndarray
    inputs: dict[str, np.ndarray]
    present: dict[str, np.ndarray]

    @classmethod
    def of(cls, tracks: pd.DataFrame, store: FrameStore, modalities: Iterable[Modality], train: Train) -> "Examples":
        """The examples of some of the catalogue's tracks (index track_id), with these modalities beside audio."""
        inputs, present = {}, {}
        for modality in modalities:
            inputs[modality.name] = rows_N = modality.rows(tracks, train)
            present[modality.name] = modality.present(rows_N)
        return cls(store, store.rows(tracks.index), inputs, present)

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch:
        """The inputs of each modality for the picked examples, and which of them have that modality: all have audio.

        A second view is the other crop of the same tracks.
        """
        audio = dict(zip((AUDIO, CROP), map(bands_first, views), strict=False))
        everywhere_B = torch.ones(len(picked_B), dtype=torch.bool)
        return {
            "inputs": {**audio, **_pick(self.inputs, picked_B)},
            "present": {**dict.fromkeys(audio, everywhere_B), **_pick(self.present, picked_B)},
        }


def _pick(columns: dict[str, np.ndarray], picked_B: np.ndarray) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(column_N[picked_B]) for name, column_N in columns.items()}
