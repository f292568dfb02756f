"""The genre encoder, saved beside the audio encoder that it was aligned with, so that genres find audio."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from unisono.artifacts.read import reading
from unisono.encoders.saved import save_weights

WEIGHTS, CONFIG = "genre_encoder.safetensors", "genre_encoder.json"


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


def save_genre_encoder(folder: Path, names: list[str], encoder: GenreAttention) -> None:
    """Write the encoder and the names of the genres that it knows, in the order of its vectors."""
    save_weights(encoder, folder / WEIGHTS)
    config = {"genres": names, "heads": encoder.heads, "embedding_dim": encoder.norm.normalized_shape[0]}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


class GenreEncoder:
    """Sets of genres as points of the space that audio was aligned with.

    Attributes:
        genres: the names that it knows.
    """

    def __init__(self, folder: Path) -> None:
        """Read what `save_genre_encoder` wrote.

        Raises:
            UserError: a file is missing or damaged, or they do not fit each other.
        """
        with reading(folder / CONFIG):
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            self.genres: list[str] = config["genres"]
            heads, embedding_dim = config["heads"], config["embedding_dim"]
        with reading(folder / WEIGHTS):
            weights = load_file(folder / WEIGHTS)
            vectors_GW = weights["vectors"][1:]
            if len(vectors_GW) != len(self.genres):
                raise ValueError(f"vectors of {len(vectors_GW)} genres, but {CONFIG} names {len(self.genres)}")
            self._encoder = GenreAttention(vectors_GW, heads, embedding_dim, dropout=0.0).eval()
            self._encoder.load_state_dict(weights)

    def embed(self, genres: list[str]) -> np.ndarray:
        """One set of genres, at least one and all known: (d,) float32."""
        rows_1L = torch.tensor([[self.genres.index(genre) + 1 for genre in genres]])
        with torch.inference_mode():
            return self._encoder(rows_1L)[0].numpy()
