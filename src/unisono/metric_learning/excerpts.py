"""The second system's examples: excerpts of a track's waveform, and its tags if they are kept."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from unisono.corpora.labels import multi_hot
from unisono.encoders.audio_encoder import bands_first
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.training.loop import Batch


@dataclass(frozen=True)
class Excerpts:
    """Tracks with tags, of which some are unlabelled: the two data sets of Akama et al. 2023, section 4.1.

    Attributes:
        store: the waveforms; `rows_N` are the tracks' rows in it.
        tags_NT: (n, T) of 0 and 1, float32.
        labelled_N: whether a track's tags may be learnt from.
    """

    store: FrameStore
    rows_N: np.ndarray
    tags_NT: np.ndarray
    labelled_N: np.ndarray

    def __len__(self) -> int:
        return len(self.rows_N)

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch:
        """Two excerpts of each picked track, and its tags; see `unisono.metric_learning.objective`."""
        first_BTF, second_BTF = views
        return {
            "inputs": {
                "first": bands_first(first_BTF),
                "second": bands_first(second_BTF),
                "tags": torch.from_numpy(self.tags_NT[picked_B]),
            },
            "present": {"tags": torch.from_numpy(self.labelled_N[picked_B])},
        }

    def keep_labels(self, fraction: float, seed: int) -> "Excerpts":
        """Keep the tags of this share of the tracks, at least one if it is not 0; a smaller share lies in a larger."""
        n_kept = max(round(fraction * len(self)), int(fraction > 0))
        kept_N = np.zeros(len(self), dtype=bool)
        kept_N[np.random.default_rng(seed).permutation(len(self))[:n_kept]] = True
        return replace(self, labelled_N=self.labelled_N & kept_N)


def tag_names(labels: pd.DataFrame) -> list[str]:
    """The tags to learn, those of the training part, in alphabetical order; a corpus without tags has none."""
    return sorted(set(labels.loc[labels["split"] == "train", "tags"].explode().dropna()))


def load_excerpts(store: FrameStore, labels: pd.DataFrame, names: list[str], part: str) -> Excerpts:
    """The tracks of one part of the split, all of them labelled.

    Raises:
        UserError: the part has fewer than two tracks.
    """
    tracks = labels[labels["split"] == part]
    if len(tracks) < 2:
        raise UserError(
            f"similarity.labels: the {part} part has {len(tracks)} tracks, expected at least 2; give the corpus more"
        )
    tags_NT = multi_hot(tracks["tags"], names).astype(np.float32)
    return Excerpts(store, store.rows(pd.Index(tracks["track_id"])), tags_NT, np.ones(len(tracks), dtype=bool))
