"""The baseline of Akama et al. 2023: an inception network over mels."""

import torch
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.sample_cnn import excerpt_embedding

N_FRAMES = 129
N_BLOCKS = 6


class MelInception(AudioEncoder):
    """Excerpt to features h through log mels and six inception blocks, after Lee et al. 2020.

    It takes waveforms, so that it stands in the same stages as SampleCNN: an excerpt of 128 hops makes the 129 frames
    of its input. A block is a plain inception module that halves the picture, and one with reduced dimensions; the
    features are averaged over what is left. The papers leave widths inside a block open: all branches of a module
    are equally wide here.

    Args:
        sample_rate: Hz.
        n_fft, hop_length: samples.
        n_mels: bands; paper: 128.
        channels: output channels of a module, a multiple of 4.
        embedding_dim: D; paper: 256.

    Raises:
        ValueError: the channels are no multiple of 4.
    """

    def __init__(
        self, sample_rate: int, n_fft: int, hop_length: int, n_mels: int, channels: int, embedding_dim: int
    ) -> None:
        super().__init__()
        if channels % 4:
            raise ValueError(f"channels is {channels}, expected a multiple of 4: an inception module has four branches")
        self.config = {
            "sample_rate": sample_rate, "n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels,
            "channels": channels, "embedding_dim": embedding_dim,
        }  # fmt: skip
        self.n_bands, self.crop_frames = 1, (N_FRAMES - 1) * hop_length
        self.backbone_dim = self.embedding_dim = embedding_dim
        self.mel = MelSpectrogram(sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
        self.stem = nn.Sequential(*_convolution(1, channels, kernel=5, stride=1), nn.MaxPool2d(2))
        self.blocks = nn.Sequential(
            *(nn.Sequential(_Inception(channels, stride=2), _Inception(channels, reduce=True)) for _ in range(N_BLOCKS))
        )
        self.head = nn.Linear(channels, embedding_dim)

    def backbone(self, crop_BFT: Tensor) -> Tensor:
        """The features h: a waveform (B, 1, T) in -1..1 -> (B, D)."""
        with torch.autocast(crop_BFT.device.type, enabled=False):
            mel_B1FT = torch.log10(1 + 10 * self.mel(crop_BFT.float()))
        return self.head(self.blocks(self.stem(mel_B1FT)).mean(dim=(2, 3)))

    def forward(self, crop_BFT: Tensor) -> Tensor:
        """The embedding: (B, 1, T) -> (B, D); see `excerpt_embedding`."""
        return excerpt_embedding(self.backbone(crop_BFT))


class _Inception(nn.Module):
    """Convolutions of 1, 3 and 5 and a max-pooling side by side; with `reduce`, 1x1 convolutions narrow them first."""

    def __init__(self, channels: int, stride: int = 1, reduce: bool = False) -> None:
        super().__init__()
        width = channels // 4
        narrow = width if reduce else channels

        def reduction() -> list[nn.Module]:
            return _convolution(channels, width, kernel=1, stride=1) if reduce else []

        pool = nn.MaxPool2d(3, stride=stride, padding=1)
        self.branches = nn.ModuleList(
            [
                nn.Sequential(*_convolution(channels, width, kernel=1, stride=stride)),
                nn.Sequential(*reduction(), *_convolution(narrow, width, kernel=3, stride=stride)),
                nn.Sequential(*reduction(), *_convolution(narrow, width, kernel=5, stride=stride)),
                nn.Sequential(pool, *_convolution(channels, width, kernel=1, stride=1)),
            ]
        )

    def forward(self, picture_BCFT: Tensor) -> Tensor:
        return torch.cat([branch(picture_BCFT) for branch in self.branches], dim=1)


def _convolution(n_in: int, n_out: int, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(n_in, n_out, kernel, stride=stride, padding=kernel // 2)
    return [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]
