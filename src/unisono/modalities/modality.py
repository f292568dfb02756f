"""What a modality is to all that aligns audio with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from torch import Tensor, nn

from unisono.artifacts.vectors import load_vectors
from unisono.params import Encoder, Train


@dataclass(frozen=True, eq=False)
class Modality(ABC):
    """Something that a track may have beside its audio. A subclass is a modality, its object the one of a catalogue.

    Attributes:
        name: in the singular; its plural takes an s.
        letter: its letter in the weights: g in loss.lambda_a2g. a is audio's.
        folder: where its vectors lie, below the folder of all modalities' vectors.
        columns: those of the catalogue's table of tracks that `rows` reads.
        missing: why no training track has it, and what to do, for an error: no capital, no full stop.
        ids, vectors_MD: the vectors of a catalogue, and what each belongs to.
    """

    name: ClassVar[str]
    letter: ClassVar[str]
    folder: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    missing: ClassVar[str]

    ids: pd.Index
    vectors_MD: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Self:
        """That of the catalogue whose vectors lie in `folder`.

        Raises:
            UserError: a file is missing or damaged.
        """
        return cls(*load_vectors(folder))

    @abstractmethod
    def rows(self, tracks: pd.DataFrame, train: Train) -> np.ndarray:
        """What the encoder takes of each of the tracks (index track_id): (n, ...), of tracks that lack it too."""

    @abstractmethod
    def present(self, rows_N: np.ndarray) -> np.ndarray:
        """Which of the rows are of tracks that have it: (n,) bool."""

    @abstractmethod
    def encoder(self, params: Encoder) -> nn.Module:
        """From rows of tracks that have it to embeddings, with fresh weights: (B, ...) -> (B, D).

        Raises:
            UserError: the params and the vectors do not fit.
        """

    def save_encoder(self, folder: Path, encoder: nn.Module) -> None:  # noqa: B027 (nothing is what most keep)
        """Keep what a user asks of the trained encoder beside the audio encoder in `folder`; by default nothing."""

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """How many numbers predict it."""

    @abstractmethod
    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        """How far `n_outputs` numbers a track are from its rows: a scalar; at least one track, and all have it."""
