"""The paper's mels by torchaudio, as an oracle."""

import torch
from torchaudio.transforms import MelSpectrogram


def paper_power() -> MelSpectrogram:
    """torchaudio with exactly the arguments that the paper's mels need."""
    return MelSpectrogram(
        16000,
        n_fft=512,
        win_length=512,
        hop_length=256,
        f_min=0,
        f_max=8000,
        n_mels=48,
        window_fn=lambda n: torch.hann_window(n, periodic=False),
        power=2,
        center=True,
        pad_mode="constant",
        norm="slaney",
        mel_scale="slaney",
    )
