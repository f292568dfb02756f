"""Genres: a track's set of them, embedded by self-attention over their Word2Vec vectors."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from unisono.errors import UserError
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

    def encoder(self, params: Encoder) -> "GenreAttention":
        vectors_GW = torch.from_numpy(np.array(self.vectors_MD))
        try:
            return GenreAttention(vectors_GW, params.genre_heads, params.embedding_dim, params.dropout)
        except ValueError as error:
            raise UserError(f"params.yaml: encoder.genre_heads and genres.dim do not fit: {error}") from None

    @property
    def n_outputs(self) -> int:
        return len(self.vectors_MD)

    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        """Binary cross-entropy with logits, over all genres: those of the track are 1."""
        padded_BG = torch.zeros(len(rows_B), self.n_outputs + 1, device=outputs_BO.device)
        multi_hot_BG = padded_BG.scatter_(1, rows_B, 1.0)[:, 1:]
        return functional.binary_cross_entropy_with_logits(outputs_BO, multi_hot_BG)


class GenreAttention(nn.Module):
    """A track's set of genres to an embedding, Ferraro et al. 2021, eq. 5-7.

    The word vectors stay as they are ("pre-optimised"); only what follows is learned. The attention's
    output projection carries F_w dimensions to D, since eq. 6 adds vectors of one size.

    Args:
        vectors_GW: the word vectors of all genres (G, F_w).
        heads: attention heads; F_w must be a multiple.
        embedding_dim: D.
        dropout: probability after the feed-forward layer.

    Raises:
        ValueError: F_w is no multiple of `heads`.
    """

    def __init__(self, vectors_GW: Tensor, heads: int, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        dim = vectors_GW.shape[1]
        if dim % heads:
            raise ValueError(f"genre vectors of {dim} dimensions cannot be split over {heads} heads")
        self.heads = heads
        # Row 0 is the padding of shorter genre sets; it is masked everywhere.
        self.register_buffer("vectors", torch.cat([torch.zeros(1, dim), vectors_GW.float()]))
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.attended = nn.Linear(dim, embedding_dim)
        self.feed_forward = nn.Sequential(nn.Linear(embedding_dim, embedding_dim), nn.Dropout(dropout))
        self.norm = nn.LayerNorm(embedding_dim, eps=1e-6)

    def forward(self, genres_BL: Tensor) -> Tensor:
        """Embed sets of genres.

        Args:
            genres_BL: (B, L) int64, genre row + 1, 0 for padding; every row has at least one genre.

        Returns:
            phi_w, (B, D).
        """
        assert isinstance(self.vectors, Tensor)
        present_BL = genres_BL > 0
        words_BLW = self.vectors[genres_BL]
        batch, length, dim = words_BLW.shape
        qkv = self.query_key_value(words_BLW).view(batch, length, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=present_BL[:, None, None, :])
        context_BLD = self.attended(context.transpose(1, 2).reshape(batch, length, dim))
        words_BLD = context_BLD + self.feed_forward(context_BLD)
        return self.norm((words_BLD * present_BL.unsqueeze(-1)).sum(dim=1))
