"""Audio files to mono at one sample rate, in blocks, so that a file of any length takes little memory."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch
from torchaudio.transforms import Resample

BLOCK_SECONDS = 20


class AudioError(Exception):
    """A file that cannot be used as audio; the message is the reason."""


def audio_blocks(path: Path, sample_rate: int) -> Iterator[torch.Tensor]:
    """Decode a file that libsndfile knows (WAV, FLAC, Ogg Vorbis, Opus, MP3, ...) as mono blocks.

    Channels are averaged. The blocks (each of any length, float32 in -1..1) join into the same signal that resampling
    the whole file at once gives.

    Args:
        path: the file.
        sample_rate: of the blocks, in Hz.

    Raises:
        AudioError: the file is missing, not audio, broken, without samples, or holds NaN or infinity.
    """
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise AudioError(_why_not_opened(path)) from error
    with file:
        if file.frames == 0:
            raise AudioError("zero-length audio")
        yield from _resample(_mono_blocks(file), file.samplerate, sample_rate)


def load_audio(path: Path, sample_rate: int) -> torch.Tensor:
    """A whole file as mono at `sample_rate` Hz: (S,), float32; raises as `audio_blocks`."""
    return torch.cat(list(audio_blocks(path, sample_rate)))


def _why_not_opened(path: Path) -> str:
    if not path.exists():
        return "missing file"
    return "empty file" if path.stat().st_size == 0 else "undecodable audio"


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[torch.Tensor]:
    try:
        for block_SC in file.blocks(BLOCK_SECONDS * file.samplerate, dtype="float32", always_2d=True):
            if not np.isfinite(block_SC).all():
                raise AudioError("NaN or infinite values")
            yield torch.from_numpy(block_SC.mean(axis=1))
    except soundfile.LibsndfileError as error:
        raise AudioError("undecodable audio") from error


def _resample(blocks: Iterable[torch.Tensor], from_rate: int, to_rate: int) -> Iterator[torch.Tensor]:
    """Resample block by block, each with so much of its neighbours that the seams are exact.

    The polyphase kernel turns every `step` input samples into `len(kernel)` output samples and looks `width` samples
    to either side, so a context of whole steps that covers `width` can be cut off again.
    """
    if from_rate == to_rate:
        yield from blocks
        return
    resample = Resample(from_rate, to_rate)
    step = from_rate // math.gcd(from_rate, to_rate)
    step_out = to_rate // math.gcd(from_rate, to_rate)
    context = math.ceil(resample.width / step) + 1  # steps
    pending_S = torch.zeros(0)
    done = 0  # leading steps of `pending_S` that are only context
    for block_S in blocks:
        pending_S = torch.cat([pending_S, block_S])
        ready = len(pending_S) // step - context  # steps that have all their right context
        if ready > done:
            yield resample(pending_S)[done * step_out : ready * step_out]
            kept = max(ready - context, 0)
            pending_S, done = pending_S[kept * step :], ready - kept
    if len(pending_S) > done * step:
        yield resample(pending_S)[done * step_out :]
