"""Genres: a track's set of them, embedded by self-attention over their Word2Vec vectors."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from unisono.errors import UserError
from unisono.modalities.genre_encoder import GenreAttention, save_genre_encoder
from unisono.modalities.modality import Modality
from unisono.params import Encoder, Train


class Genres(Modality):
    """A track's genres. A row holds rows of the genres' vectors plus 1, and 0 for padding: int64 (L,)."""

    name = "genre"
    letter = "g"
    folder = "genres"
    columns = ("genres",)
    missing = (
        "none of the training tracks has a genre; add genres (tracks.csv: genres; song_meta.json:"
        " song_gn_dtl_gnr_basket)"
    )

    def rows(self, tracks: pd.DataFrame, train: Train) -> np.ndarray:
        """Each track's first `train.genres_per_track` genres: (n, L).

        Genres without a vector (no training track has them) are left out.
        """
        row_of = {name: row + 1 for row, name in enumerate(self.ids)}
        known = [dict.fromkeys(row_of[genre] for genre in track if genre in row_of) for track in tracks["genres"]]
        sets = [list(track)[: train.genres_per_track] for track in known]
        padded_NL = np.zeros((len(sets), max([1, *map(len, sets)])), dtype=np.int64)
        for padded_L, track in zip(padded_NL, sets, strict=True):
            padded_L[: len(track)] = track
        return padded_NL

    def present(self, rows_N: np.ndarray) -> np.ndarray:
        return np.any(rows_N, axis=1)

    def encoder(self, params: Encoder) -> GenreAttention:
        vectors_GW = torch.from_numpy(np.array(self.vectors_MD))
        try:
            return GenreAttention(vectors_GW, params.genre_heads, params.embedding_dim, params.dropout)
        except ValueError as error:
            raise UserError(f"params.yaml: encoder.genre_heads and genres.dim do not fit: {error}") from None

    def save_encoder(self, folder: Path, encoder: nn.Module) -> None:
        assert isinstance(encoder, GenreAttention)
        save_genre_encoder(folder, list(self.ids), encoder)

    def targets(self, rows_N: np.ndarray) -> np.ndarray:
        """Which genres each track has: (n, G)."""
        padded_NG = np.zeros((len(rows_N), len(self.ids) + 1), dtype=np.float32)
        np.put_along_axis(padded_NG, rows_N, 1, axis=1)
        return padded_NG[:, 1:]

    @property
    def n_outputs(self) -> int:
        return len(self.vectors_MD)

    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        """Binary cross-entropy with logits, over all genres: those of the track are 1."""
        padded_BG = torch.zeros(len(rows_B), self.n_outputs + 1, device=outputs_BO.device)
        multi_hot_BG = padded_BG.scatter_(1, rows_B, 1.0)[:, 1:]
        return functional.binary_cross_entropy_with_logits(outputs_BO, multi_hot_BG)
