"""The playlist encoder e_cf: a feed-forward block over a track's collaborative-filtering factors."""

from torch import Tensor, nn


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
