"""The genre encoder e_w: self-attention over the Word2Vec vectors of a track's genres."""

import torch
from torch import Tensor, nn
from torch.nn import functional


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
