"""The encoder of vectors that somebody else's model made of audio: standardised, then a feed-forward block."""

from torch import Tensor, nn

from unisono.encoders.audio_encoder import AudioEncoder, feed_forward


class VectorMLP(AudioEncoder):
    """A vector to an embedding: a crop is one frame, of as many bands as the vector has numbers.

    Args:
        n_bands: how many numbers.
        hidden: width of the feed-forward block.
        embedding_dim: D.
        dropout: probability in the feed-forward block.
    """

    crop_frames = 1

    def __init__(self, n_bands: int, hidden: int, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        self.n_bands = self.backbone_dim = n_bands
        self.embedding_dim = embedding_dim
        self.config = {"n_bands": n_bands, "hidden": hidden, "embedding_dim": embedding_dim, "dropout": dropout}
        # Without momentum it keeps the plain average over all training batches: the training part's statistics.
        self.standardize = nn.BatchNorm1d(n_bands, eps=1e-8, momentum=None, affine=False)
        self.head = feed_forward(n_bands, hidden, embedding_dim, dropout)

    def backbone(self, crop_BF1: Tensor) -> Tensor:
        """The vector, each number standardised: (B, F, 1) -> (B, F)."""
        return self.standardize(crop_BF1.squeeze(2))

    def forward(self, crop_BF1: Tensor) -> Tensor:
        """The embedding: (B, F, 1) -> (B, D)."""
        return self.head(self.backbone(crop_BF1))
