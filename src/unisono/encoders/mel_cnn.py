"""The audio encoder e_a: seven convolution blocks over a mel crop, then a feed-forward block."""

import torch
from torch import Tensor, nn

from unisono.encoders.audio_encoder import AudioEncoder, feed_forward

# Pooling of each block over (bands, frames); (48, 256) ends as (1, 2). Published code of the paper.
POOLS = ((2, 2), (2, 2), (2, 2), (2, 2), (1, 2), (1, 2), (2, 2))
BANDS_FIRST, VIEW = "bands-first", "view"
LAYOUTS = (BANDS_FIRST, VIEW)


class MelCNN(AudioEncoder):
    """Mel crop to embedding, Ferraro et al. 2021, eq. 1-4.

    Args:
        n_bands, crop_frames: shape of the input; at least 32 bands and 128 frames survive the pooling.
        channels: output channels of the seven blocks.
        hidden: width of the feed-forward block.
        embedding_dim: D.
        dropout: probability in the feed-forward block.
        input_layout: the picture that the blocks see: bands-first (F, T) | view, which is how the paper's published
            code trains: the values of (T, F) in their order, cut into F rows of T without transposing.

    Raises:
        ValueError: not seven channels, an input too small for the pooling, or an unknown layout.
    """

    def __init__(
        self,
        n_bands: int,
        crop_frames: int,
        channels: list[int],
        hidden: int,
        embedding_dim: int,
        dropout: float,
        input_layout: str = BANDS_FIRST,
    ) -> None:
        super().__init__()
        if len(channels) != len(POOLS):
            raise ValueError(f"channels has {len(channels)} entries, expected {len(POOLS)}: one a block")
        if input_layout not in LAYOUTS:
            raise ValueError(f"input_layout is {input_layout!r}, expected one of {', '.join(LAYOUTS)}")
        bands, frames = n_bands, crop_frames
        for pool_bands, pool_frames in POOLS:
            bands, frames = bands // pool_bands, frames // pool_frames
        if bands < 1 or frames < 1:
            raise ValueError(f"an input of {n_bands} bands x {crop_frames} frames is too small: 32 x 128 is the least")
        self.n_bands, self.crop_frames, self.embedding_dim = n_bands, crop_frames, embedding_dim
        self.input_layout = input_layout
        self.config = {
            "n_bands": n_bands, "crop_frames": crop_frames, "channels": list(channels), "hidden": hidden,
            "embedding_dim": embedding_dim, "dropout": dropout,
        }  # fmt: skip
        if input_layout != BANDS_FIRST:
            self.config["input_layout"] = input_layout
        self.normalize = nn.BatchNorm2d(1)
        self.blocks = nn.Sequential(
            *(_block(i, o, pool) for i, o, pool in zip([1, *channels[:-1]], channels, POOLS, strict=True))
        )
        # The faster layout for these convolutions, on a CPU and on a GPU.
        self.blocks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's stub
        self.backbone_dim = channels[-1] * bands * frames
        self.head = feed_forward(self.backbone_dim, hidden, embedding_dim, dropout)

    def backbone(self, mel_BFT: Tensor) -> Tensor:
        """The flat output of the last block: (B, F, T) in dB -> (B, backbone_dim)."""
        if self.input_layout == VIEW:
            mel_BFT = mel_BFT.transpose(1, 2).reshape(mel_BFT.shape)
        return torch.flatten(self.blocks(self.normalize(mel_BFT.unsqueeze(1))), start_dim=1)

    def forward(self, mel_BFT: Tensor) -> Tensor:
        """The embedding phi_a: (B, F, T) in dB -> (B, D)."""
        return self.head(self.backbone(mel_BFT))


def _block(n_in: int, n_out: int, pool: tuple[int, int]) -> nn.Sequential:
    # The paper pools after the ReLU. The two may change places without changing a bit, and fewer values are left to it.
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel_size=3, padding=1), nn.BatchNorm2d(n_out), nn.MaxPool2d(pool), nn.ReLU()
    )
