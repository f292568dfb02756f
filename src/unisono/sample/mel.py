"""The log-mel spectrogram in which the Melon Playlist Dataset comes, in numpy and scipy alone."""

from functools import cache

import numpy as np
from scipy import fft, sparse
from scipy.signal.windows import hann

SAMPLE_RATE, WINDOW, HOP, BANDS = 16000, 512, 256, 48
FLOOR_POWER = 1e-10  # 20 * log10 of it is -200 dB, Essentia's floor


def log_mel(audio: np.ndarray) -> np.ndarray:
    """Mel spectrogram (BANDS, 1 + n // HOP) float32 in dB of mono 16 kHz `audio` (n): 20 * log10(power), at least -200.

    A symmetric Hann window, centred frames padded with zeros, Slaney's mel scale and area norm: equal to Essentia's.
    """
    padded = np.pad(audio, WINDOW // 2)
    frames_TN = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum_TK = fft.rfft(frames_TN * _window().astype(audio.dtype), axis=1, overwrite_x=True)
    power_TK = spectrum_TK.real**2 + spectrum_TK.imag**2
    mel_FT = _filterbank().astype(audio.dtype) @ power_TK.T
    return (20 * np.log10(np.maximum(mel_FT, FLOOR_POWER))).astype(np.float32)


@cache
def _window() -> np.ndarray:
    return hann(WINDOW)


@cache
def _filterbank() -> sparse.csr_array:
    """Triangles (BANDS, WINDOW // 2 + 1) of unit area, sparse: the product is fast and needs no BLAS threads."""
    hertz = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    edges = _mel_to_hertz(np.linspace(0, _hertz_to_mel(SAMPLE_RATE / 2), BANDS + 2))
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((hertz - left) / (centre - left), (right - hertz) / (right - centre)).clip(min=0)
    return sparse.csr_array(triangles * 2 / (right - left))


# Slaney's Auditory Toolbox: linear up to 1 kHz = 15 mel, then 27 mel for a factor of 6.4.
def _hertz_to_mel(hertz: float) -> float:
    return 15 + 27 * float(np.log(hertz / 1000) / np.log(6.4)) if hertz > 1000 else 3 * hertz / 200


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel > 15, 1000 * 6.4 ** ((mel - 15) / 27), 200 * mel / 3)
