"""From samples to a vector in one module: the front end and the encoder behind it."""

from torch import Tensor, nn
from torch.nn import functional

from unisono.audio.mel import LogMel, decibels
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.params import Mel, Waves


class SamplesToVector(nn.Module):
    """One window of samples to its vector, as the pipeline embeds a track that is just as long.

    A window of mel frames is `crop_frames * hop_length` samples. Its first frame reaches `n_fft / 2` samples back, and
    where `n_fft > 2 * hop_length` its last ones reach beyond the window: there are zeros. So the vector of a track's
    first window is the pipeline's, and that of a later one differs by what a few of its frames hear of its neighbours.
    Waveforms have no such frames. Frames are rounded to float16, as a frame store holds them.

    Attributes:
        encoder: behind the front end.
        sample_rate: of the samples, in Hz.
        window_samples: S, the length of a window.
    """

    def __init__(self, encoder: AudioEncoder, front_end: Mel | Waves, layer: str = "projection") -> None:
        """Take an encoder and the front end of its input; layer: projection | backbone."""
        super().__init__()
        self.encoder = encoder
        self.layer = layer
        self.sample_rate = front_end.sample_rate
        self.hop_length = front_end.hop_length if isinstance(front_end, Mel) else 1
        self.window_samples = encoder.crop_frames * self.hop_length
        self.mel = LogMel(front_end).power if isinstance(front_end, Mel) else None

    def forward(self, samples_BS: Tensor) -> Tensor:
        """Embed windows (B, S) of mono samples in -1..1: (B, D)."""
        frames_BFT = samples_BS.unsqueeze(1) if self.mel is None else self._log_mel(samples_BS)
        stored_BFT = frames_BFT.half().float()
        return self.encoder(stored_BFT) if self.layer == "projection" else self.encoder.backbone(stored_BFT)

    def _log_mel(self, samples_BS: Tensor) -> Tensor:
        assert self.mel is not None
        padded_BS = functional.pad(samples_BS, (self.mel.n_fft // 2, self.mel.n_fft // 2))
        return decibels(self.mel(padded_BS)[..., : self.encoder.crop_frames])
