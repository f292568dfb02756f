"""A set of names that a track has, embedded by self-attention over their Word2Vec vectors."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from unisono.encoders.saved import save_weights
from unisono.errors import UserError
from unisono.modalities.bag_encoder import BagAttention, files_of, padded
from unisono.modalities.modality import Modality
from unisono.params import Encoder, Train


class Bag(Modality):
    """The names that a track has of one kind. A row holds rows of their vectors plus 1, and 0 for padding: int64 (L,).

    `folder` is also the section of params.yaml that says how the vectors are made.

    Attributes:
        in_parts: see `BagAttention`.
    """

    in_parts: ClassVar[bool] = False

    def bags(self, tracks: pd.DataFrame) -> Iterable[Iterable[str]]:
        """The names of each of the tracks (index track_id), those that count most first: by default its one column."""
        (column,) = self.columns
        return tracks[column]

    def most(self, train: Train) -> int | None:
        """How many names of a track are taken; None takes all."""
        return train.genres_per_track

    def rows(self, tracks: pd.DataFrame, train: Train) -> np.ndarray:
        """Each track's first names, as many as `most` says: (n, L).

        Names without a vector (no training track has them) are left out.
        """
        row_of = {name: row for row, name in enumerate(self.ids)}
        known = [dict.fromkeys(row_of[name] for name in bag if name in row_of) for bag in self.bags(tracks)]
        return padded([list(rows)[: self.most(train)] for rows in known])

    def present(self, rows_N: np.ndarray) -> np.ndarray:
        return np.any(rows_N, axis=1)

    def encoder(self, params: Encoder) -> BagAttention:
        vectors_GW = torch.from_numpy(np.array(self.vectors_MD))
        try:
            return BagAttention(
                vectors_GW, params.genre_heads, params.embedding_dim, params.dropout, in_parts=self.in_parts
            )
        except ValueError as error:
            raise UserError(f"params.yaml: encoder.genre_heads and {self.folder}.dim do not fit: {error}") from None

    def save_encoder(self, folder: Path, encoder: nn.Module) -> None:
        assert isinstance(encoder, BagAttention)
        save_bag_encoder(folder, self.name, list(self.ids), encoder)

    @property
    def n_outputs(self) -> int:
        return len(self.vectors_MD)

    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        """Binary cross-entropy with logits, over all names: those of the track are 1."""
        padded_BG = torch.zeros(len(rows_B), self.n_outputs + 1, device=outputs_BO.device)
        multi_hot_BG = padded_BG.scatter_(1, rows_B, 1.0)[:, 1:]
        return functional.binary_cross_entropy_with_logits(outputs_BO, multi_hot_BG)


def save_bag_encoder(folder: Path, modality: str, names: list[str], encoder: BagAttention) -> None:
    """Write the encoder and the names that it knows, in the order of its vectors."""
    weights, config = files_of(folder, modality)
    save_weights(encoder, weights)
    content = {f"{modality}s": names, "heads": encoder.heads, "embedding_dim": encoder.norm.normalized_shape[0]}
    config.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
