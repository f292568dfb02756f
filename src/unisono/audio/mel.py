"""The mel front end: log mel spectrograms as Essentia made those of the Melon Playlist Dataset."""

from collections.abc import Iterable, Iterator

import torch
from torchaudio.transforms import MelSpectrogram

from unisono.params import Mel

FLOOR_DB = -200.0


class LogMel:
    """Mono audio at `mel.sample_rate` Hz to 20 log10(mel power), floored at -200 dB.

    Symmetric Hann windows, `mel.n_mels` Slaney bands from 0 Hz to half the sample rate, the first frame centred on the
    first sample, zeros beyond the ends: Essentia's Spectrum, MelBands and lin2db with scale 2, to 1e-3 dB. Essentia
    gives one frame more at the end. Source: Ferraro et al. 2021 (Melon), section 3.

    Attributes:
        power: the mel power (F, T) of samples that are padded already.
    """

    def __init__(self, mel: Mel) -> None:
        self.n_fft = mel.n_fft
        self.hop_length = mel.hop_length
        self.power = MelSpectrogram(
            mel.sample_rate,
            n_fft=mel.n_fft,
            win_length=mel.n_fft,
            hop_length=mel.hop_length,
            f_min=0.0,
            f_max=mel.sample_rate / 2,
            n_mels=mel.n_mels,
            window_fn=torch.hann_window,
            wkwargs={"periodic": False},
            power=2.0,
            center=False,  # frames are padded here, so that blocks of one signal can be joined
            norm="slaney",
            mel_scale="slaney",
        )

    def __call__(self, audio_S: torch.Tensor) -> torch.Tensor:
        """The log mel (T, F) of a whole signal (S,), T = 1 + S // hop_length."""
        return torch.cat(list(self.blocks([audio_S])))

    def blocks(self, audio: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """The log mel of a signal that comes in blocks, as blocks (T, F) whose join equals the whole signal's."""
        padding_S = torch.zeros(self.n_fft // 2)
        pending_S = padding_S
        for block_S in audio:
            pending_S = torch.cat([pending_S, block_S])
            n_frames = self._n_frames(pending_S)
            if n_frames > 0:
                yield self._log_mel(pending_S)
                pending_S = pending_S[n_frames * self.hop_length :]
        pending_S = torch.cat([pending_S, padding_S])
        if self._n_frames(pending_S) > 0:
            yield self._log_mel(pending_S)

    def _n_frames(self, audio_S: torch.Tensor) -> int:
        return max(0, 1 + (len(audio_S) - self.n_fft) // self.hop_length)

    def _log_mel(self, audio_S: torch.Tensor) -> torch.Tensor:
        return decibels(self.power(audio_S)).T


def decibels(power: torch.Tensor) -> torch.Tensor:
    """20 log10 of mel power, floored at -200 dB."""
    return 20 * power.clamp(min=10 ** (FLOOR_DB / 20)).log10()
