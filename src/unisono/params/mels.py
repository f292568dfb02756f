"""Whether a mel front end has bands that hear nothing, told without torch, which takes seconds to load.

The bands are torchaudio's `melscale_fbanks` from 0 Hz to half the sample rate.
"""

import math
from collections.abc import Callable

Scale = tuple[Callable[[float], float], Callable[[float], float]]  # Hz to mel, mel to Hz

_BREAK_HZ, _LINEAR_HZ, _LOG_STEP = 1000.0, 200 / 3, math.log(6.4) / 27  # Slaney's scale is linear up to 1 kHz
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ


def _slaney_mel(hertz: float) -> float:
    return hertz / _LINEAR_HZ if hertz < _BREAK_HZ else _BREAK_MEL + math.log(hertz / _BREAK_HZ) / _LOG_STEP


def _slaney_hertz(mel: float) -> float:
    return mel * _LINEAR_HZ if mel < _BREAK_MEL else _BREAK_HZ * math.exp(_LOG_STEP * (mel - _BREAK_MEL))


SLANEY: Scale = (_slaney_mel, _slaney_hertz)
HTK: Scale = (lambda hertz: 2595 * math.log10(1 + hertz / 700), lambda mel: 700 * (10 ** (mel / 2595) - 1))


def refuse_empty_bands(scale: Scale, sample_rate: int, n_fft: int, n_mels: int) -> None:
    """Check that every mel band has a frequency of the FFT between its edges.

    Raises:
        ValueError: some have none and would be silent whatever the music.
    """
    to_mel, to_hertz = scale
    top = to_mel(sample_rate / 2)
    edges = [to_hertz(top * i / (n_mels + 1)) for i in range(n_mels + 2)]
    spacing = sample_rate // 2 / (n_fft // 2)
    next_bins = (spacing * (math.floor(low / spacing) + 1) for low in edges)
    empty = sum(found >= high for found, high in zip(next_bins, edges[2:], strict=False))
    if empty:
        raise ValueError(
            f"n_mels is {n_mels}, but an n_fft of {n_fft} at {sample_rate} Hz is too coarse for {empty} of the bands,"
            " which would be silent whatever the music; lower n_mels, or raise n_fft"
        )
