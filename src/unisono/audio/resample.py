"""Mono audio from one sample rate to another, in blocks."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import soxr  # type: ignore[import-untyped]  # it has no types
import torch
from torch.nn import functional
from torchaudio.transforms import Resample

KERNEL_LIMIT = 1 << 20  # a polyphase kernel of more weights than this (44,101 to 16,000 Hz has 700 million) is not made
BAND = 16  # outputs that are made from one stretch of the input
ROWS = 16  # a product of matrices takes as many rows at a time, and sums what is left in another order
NO_WEIGHT = 1e-30  # what torchaudio's kernel has outside of its window is below this


def resample(blocks: Iterable[torch.Tensor], from_rate: int, to_rate: int) -> Iterator[torch.Tensor]:
    """The blocks (each of any length, float32) at another rate; they join into the signal resampled at once."""
    divisor = math.gcd(from_rate, to_rate)
    if from_rate == to_rate:
        yield from blocks
    elif (from_rate // divisor) * (to_rate // divisor) <= KERNEL_LIMIT:
        yield from _polyphase(from_rate, to_rate).blocks(blocks)
    else:
        yield from _resample_by_stream(blocks, from_rate, to_rate)


class Polyphase:
    """torchaudio's `Resample` in a third of its time: the same to rounding, and for usual rates to the last bit.

    Its kernel has a row of weights for each of the outputs that a step of the input gives: (outputs, width + step +
    width), nearly all of them zero. Here a band of neighbouring outputs is made from the stretch of input in which
    they have weights; where a step gives few outputs, several steps are taken for one.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        kernel = Resample(from_rate, to_rate)
        weights_OK = kernel.kernel[:, 0]
        step, outputs = from_rate // math.gcd(from_rate, to_rate), len(weights_OK)
        steps = math.ceil(BAND / outputs)
        self.step, self.outputs, self.width = steps * step, steps * outputs, kernel.width
        rows_OK = torch.cat([functional.pad(weights_OK, (n * step, (steps - 1 - n) * step)) for n in range(steps)])
        self._bands: list[tuple[int, torch.Tensor]] = []
        for band_OK in rows_OK.tensor_split(self.outputs // BAND):
            used = (band_OK.abs() > NO_WEIGHT).any(dim=0).nonzero()
            first, last = int(used[0]), int(used[-1])
            self._bands.append((first, band_OK[:, first : last + 1].T.contiguous()))

    def blocks(self, audio: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """The resampled signal of audio that comes in blocks."""
        pending_S = torch.zeros(self.width)
        n_in = n_out = 0
        for block_S in audio:
            n_in += len(block_S)
            pending_S = torch.cat([pending_S, block_S])
            n_steps = (len(pending_S) - 2 * self.width) // self.step // ROWS * ROWS
            if n_steps > 0:
                yield self._steps(pending_S, n_steps)
                n_out += n_steps * self.outputs
                pending_S = pending_S[n_steps * self.step :]
        left = math.ceil(n_in * self.outputs / self.step) - n_out
        if left > 0:
            n_steps = math.ceil(left / self.outputs / ROWS) * ROWS
            silence = n_steps * self.step + 2 * self.width - len(pending_S)
            yield self._steps(functional.pad(pending_S, (0, silence)), n_steps)[:left]

    def _steps(self, audio_S: torch.Tensor, n_steps: int) -> torch.Tensor:
        """The outputs of so many steps, from audio that begins `width` samples before them and ends as many after."""
        outputs_NO = torch.empty(n_steps, self.outputs)
        bands = outputs_NO.tensor_split(len(self._bands), dim=1)
        for (first, weights_KO), band_NO in zip(self._bands, bands, strict=True):
            stretches_NK = audio_S[first:].unfold(0, len(weights_KO), self.step)[:n_steps]
            torch.mm(stretches_NK, weights_KO, out=band_NO)
        return outputs_NO.view(-1)


_polyphase = lru_cache(maxsize=8)(Polyphase)  # a kernel takes as long to make as a second of music to decode


def _resample_by_stream(blocks: Iterable[torch.Tensor], from_rate: int, to_rate: int) -> Iterator[torch.Tensor]:
    """Resample rates that have no small ratio, whose polyphase kernel would take gigabytes."""
    stream = soxr.ResampleStream(from_rate, to_rate, num_channels=1, dtype="float32")
    for block_S in blocks:
        yield torch.from_numpy(stream.resample_chunk(block_S.numpy()))
    yield torch.from_numpy(stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
