"""SampleCNN: an encoder of raw waveforms."""

from torch import Tensor, nn
from torch.nn import functional

from unisono.encoders.audio_encoder import AudioEncoder


class SampleCNN(AudioEncoder):
    """Excerpt to features h, Lee et al. 2017; the function f of Akama et al. 2023, section 4.2.

    A convolution with stride 3, blocks of a convolution and max-pooling by 3 until one frame is left, and a last
    convolution. The number of blocks fixes the excerpt: 3 ** (blocks + 1) samples; the paper's nine blocks hear 59,049.

    Args:
        channels: output channels of the first convolution and of each block.
        embedding_dim: D, channels of the last convolution.
    """

    def __init__(self, channels: list[int], embedding_dim: int) -> None:
        super().__init__()
        self.config = {"channels": list(channels), "embedding_dim": embedding_dim}
        self.n_bands, self.crop_frames = 1, 3 ** len(channels)
        self.backbone_dim = self.embedding_dim = embedding_dim
        first, *blocks = channels
        self.layers = nn.Sequential(
            *_convolution(1, first, stride=3, padding=0),
            *(_block(i, o) for i, o in zip(channels[:-1], blocks, strict=True)),
            *_convolution(channels[-1], embedding_dim, stride=1, padding=1),
        )

    def backbone(self, crop_BFT: Tensor) -> Tensor:
        """The features h: a waveform (B, 1, T) in -1..1 -> (B, D)."""
        return self.layers(crop_BFT).squeeze(2)

    def forward(self, crop_BFT: Tensor) -> Tensor:
        """The embedding z_exc: (B, 1, T) -> (B, D); see `excerpt_embedding`."""
        return excerpt_embedding(self.backbone(crop_BFT))


def excerpt_embedding(features_BD: Tensor) -> Tensor:
    """z_exc = LN(h) / ||LN(h)||, layer norm without affine parameters: Akama et al. 2023, eq. 7 and 16."""
    return functional.normalize(functional.layer_norm(features_BD, features_BD.shape[1:]), dim=1)


def _convolution(n_in: int, n_out: int, stride: int, padding: int) -> list[nn.Module]:
    return [nn.Conv1d(n_in, n_out, kernel_size=3, stride=stride, padding=padding), nn.BatchNorm1d(n_out), nn.ReLU()]


def _block(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(n_in, n_out, stride=1, padding=1), nn.MaxPool1d(3))
