"""Playlists: a track's collaborative-filtering factors, embedded by a feed-forward block."""

import numpy as np
import pandas as pd
from torch import Tensor, nn
from torch.nn import functional

from unisono.modalities.modality import Modality
from unisono.params import Encoder, Train


class Playlists(Modality):
    """The playlists that hold a track. A row holds its CF factors, all zero when none does: float32 (F_cf,)."""

    name = "playlist"
    letter = "p"
    folder = "cf"
    columns = ()
    missing = "no two training tracks are in playlists; add playlists, check that they use the tracks' ids and paths"

    def rows(self, tracks: pd.DataFrame, train: Train) -> np.ndarray:
        rows_N = self.ids.get_indexer(tracks.index)
        return np.where(rows_N[:, None] >= 0, self.vectors_MD[rows_N], 0).astype(np.float32)

    def present(self, rows_N: np.ndarray) -> np.ndarray:
        return np.any(rows_N, axis=1)

    def encoder(self, params: Encoder) -> "PlaylistMLP":
        return PlaylistMLP(self.n_outputs, params.embedding_dim, params.dropout)

    def targets(self, rows_N: np.ndarray) -> np.ndarray:
        """What a regression predicts of each track: its factors, (n, F_cf)."""
        return rows_N

    @property
    def n_outputs(self) -> int:
        return self.vectors_MD.shape[1]

    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        """Mean squared error of the factors."""
        return functional.mse_loss(outputs_BO, rows_B)


class PlaylistMLP(nn.Module):
    """CF factors to embedding, Ferraro et al. 2021, eq. 8.

    Args:
        cf_dim: F_cf.
        embedding_dim: D, also the width of the hidden layer (as in the published code).
        dropout: probability between the two layers.
    """

    def __init__(self, cf_dim: int, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(cf_dim, embedding_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(embedding_dim, embedding_dim),
            nn.LayerNorm(embedding_dim, eps=1e-6),
        )

    def forward(self, cf_BC: Tensor) -> Tensor:
        """phi_cf: (B, F_cf) -> (B, D)."""
        return self.layers(cf_BC)
