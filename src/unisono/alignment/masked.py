"""An audio encoder that hears another crop of a song, with parts of it masked while training."""

from torch import Tensor, nn
from torchaudio.functional import mask_along_axis_iid

from unisono.encoders.audio_encoder import AudioEncoder

BANDS, FRAMES = 2, 3  # axes of (B, 1, F, T)


class MaskedAudio(nn.Module):
    """The audio encoder on mels of which a stretch of frames and a stretch of bands are masked (Park et al. 2019).

    Args:
        audio: the encoder, which is shared and not copied.
        mask_frames, mask_bands: the longest stretch; each example's is uniform from 0 up to it, anywhere.
    """

    def __init__(self, audio: AudioEncoder, mask_frames: int, mask_bands: int) -> None:
        super().__init__()
        self.audio = audio
        self.longest = {FRAMES: mask_frames, BANDS: mask_bands}

    def forward(self, mel_BFT: Tensor) -> Tensor:
        """The embedding: (B, F, T) -> (B, D)."""
        return self.audio(self.mask(mel_BFT) if self.training else mel_BFT)

    def mask(self, mel_BFT: Tensor) -> Tensor:
        """Set the masked stretches to the crop's mean level, which in decibels 0 is not."""
        mean_B11 = mel_BFT.mean(dim=(1, 2), keepdim=True)
        centred_B1FT = (mel_BFT - mean_B11).unsqueeze(1)
        for axis, longest in self.longest.items():
            if longest > 0:
                centred_B1FT = mask_along_axis_iid(centred_B1FT, longest, 0.0, axis)
        return centred_B1FT.squeeze(1) + mean_B11
