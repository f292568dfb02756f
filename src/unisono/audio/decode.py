"""Audio files to mono at one sample rate, in blocks, so that a file of any length takes little memory."""

import math
import os
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import numpy as np
import soundfile
import torch

from unisono.audio.rejects import RejectError, size_of_file
from unisono.audio.resample import resample

BLOCK_SECONDS = 4
PIECE_FRAMES = 1 << 14  # decoded at once: what a broken file loses before its break, and memory with 1024 channels
RATES = (4000, 384_000)  # Hz
FULL_SCALES = 100.0  # 40 dB over: more than any recording, less than integers that were stored as floats

SYSTEM_ERROR = 2  # libsndfile could not open the file at all
UNKNOWN_FRAMES = 2**63 - 1  # what libsndfile says of a streamed FLAC
UNKNOWN_BYTES = 0x7FFF0000  # what streams state as the size of their audio is 0, or from here up
CUT_SHARE = 0.01  # a length that MP3s of constant bit rate only imply was up to 0.1% too long in real ones ...
CUT_SECONDS = 0.25  # ... and decoder delays were up to 0.14 s
CUT_CHUNKS = (
    re.compile(r"^ *(?:data|riff|SSND|Data Size) *: (?P<stated>\d+) \(should be (?P<there>\d+)\)", re.MULTILINE),
    re.compile(r"frame count (?P<there>\d+) does not match value from 'ds64' chunk of (?P<stated>\d+)"),
)
CUT_OGG = "Last page lacks an end-of-stream bit"


class AudioBlocks:
    """The mono blocks of a file that libsndfile knows (WAV, FLAC, Ogg Vorbis, Opus, MP3, ...).

    Channels are averaged. The blocks (each of any length, float32) join into the same signal that resampling the whole
    file at once gives. A file that breaks off gives what lies before the break.

    Args:
        path: the file.
        sample_rate: of the blocks, in Hz.

    Attributes:
        ends_early: after the last block: whether the file broke off, or ended well before its header says.

    Raises:
        RejectError: on iteration; the file is missing, not audio, without samples, of a rate outside `RATES`, or holds
            NaN, infinity, or values far beyond full scale.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.ends_early = False

    def __iter__(self) -> Iterator[torch.Tensor]:
        size = size_of_file(self.path)
        try:
            file = Forwards(os.fsencode(self.path))  # not every name is UTF-8
        except soundfile.LibsndfileError as error:
            if error.code == SYSTEM_ERROR:
                raise RejectError("unreadable file", lasts=False) from error
            raise RejectError("undecodable audio" if size else "empty file") from error
        with file:
            _check_rate(file.samplerate)
            yield from resample(self._mono_blocks(file), file.samplerate, self.sample_rate)

    def _mono_blocks(self, file: soundfile.SoundFile) -> Iterator[torch.Tensor]:
        expected = _frames_at_least(file, self.path)
        n_frames, is_broken = 0, False
        while not is_broken:
            block_S, is_broken = _mono_block(file)
            n_frames += len(block_S)
            if len(block_S) == 0:
                break
            yield torch.from_numpy(block_S)
        if n_frames == 0:
            raise RejectError("undecodable audio" if is_broken else "zero-length audio")
        self.ends_early = is_broken or n_frames < expected


def load_audio(path: Path, sample_rate: int) -> torch.Tensor:
    """A whole file as mono at `sample_rate` Hz: (S,), float32; raises as `AudioBlocks`."""
    return torch.cat(list(AudioBlocks(path, sample_rate)))


def resampled(samples: np.ndarray, from_rate: int, to_rate: int) -> Iterator[torch.Tensor]:
    """Samples, mono (S,) or with channels (S, C), as the mono blocks that a file with them gives.

    Raises:
        RejectError: on iteration; as `AudioBlocks`, or the samples are no floats, or have another shape.
    """
    _check_rate(from_rate)
    if not np.issubdtype(samples.dtype, np.floating):
        raise RejectError(f"samples are {samples.dtype}, expected floats from -1 to 1{_scaled(samples.dtype)}")
    if samples.ndim not in (1, 2):
        raise RejectError(f"samples have the shape {samples.shape}, expected mono (s,) or (s, channels)")
    if samples.size == 0:
        raise RejectError("zero-length audio")
    if samples.ndim == 2 and samples.shape[1] > len(samples):
        raise RejectError(f"samples have the shape {samples.shape}, expected (s, channels); transpose them")
    audio_SC = samples.astype(np.float32, copy=False).reshape(len(samples), -1)
    _check_values(audio_SC)
    block = BLOCK_SECONDS * from_rate
    mono_S = torch.from_numpy(_mono(audio_SC))
    yield from resample((mono_S[first : first + block] for first in range(0, len(mono_S), block)), from_rate, to_rate)


def _scaled(dtype: np.dtype) -> str:
    return f"; divide them by {-np.iinfo(dtype).min}" if np.issubdtype(dtype, np.signedinteger) else ""


def _check_rate(sample_rate: int) -> None:
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise RejectError(f"sample rate outside {RATES[0]} to {RATES[1]} Hz")


class Forwards(soundfile.SoundFile):
    """A file that is read from its start to its end.

    After each read, soundfile seeks to where the file already is; in an MP3 that disturbs the next frame, and at the
    end of a streamed FLAC it fails.
    """

    def seekable(self) -> bool:
        return False


def _mono_block(file: soundfile.SoundFile) -> tuple[np.ndarray, bool]:
    """The next `BLOCK_SECONDS` (S,), less at the end, none after it; and whether the decoder failed behind them."""
    mono_S = np.empty(BLOCK_SECONDS * file.samplerate, dtype=np.float32)
    n_frames = 0
    while n_frames < len(mono_S):
        try:
            piece_SC = file.read(min(len(mono_S) - n_frames, PIECE_FRAMES), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return mono_S[:n_frames], True
        if len(piece_SC) == 0:
            break
        _check_values(piece_SC)
        mono_S[n_frames : n_frames + len(piece_SC)] = _mono(piece_SC)
        n_frames += len(piece_SC)
    return mono_S[:n_frames], False


def _mono(audio_SC: np.ndarray) -> np.ndarray:
    """The mean of the channels; numpy adds whole channels a hundred times faster than the two of each sample."""
    return reduce(np.add, audio_SC.T) / audio_SC.shape[1]


def _check_values(audio_SC: np.ndarray) -> None:
    peak = np.abs(audio_SC).max()
    if not np.isfinite(peak):
        raise RejectError("NaN or infinite values")
    if peak > FULL_SCALES:
        raise RejectError("values far beyond full scale, -1 to 1")


def _frames_at_least(file: soundfile.SoundFile, path: Path) -> float:
    """How many frames a file that was not cut would give; 0 where its header does not say.

    libsndfile trusts the headers of MP3 and FLAC, and mends those of WAV, AIFF, AU and W64 to what is there, as its
    log tells. No Ogg says how long it is, but its last page says that it is the last.
    """
    log = file.extra_info
    if CUT_OGG in log:
        return math.inf
    stated = file.frames
    if stated == UNKNOWN_FRAMES or (file.format == "MP3" and not _mp3_states_length(path)):
        return 0
    for chunk in CUT_CHUNKS:
        if (found := chunk.search(log)) and 0 < int(found["stated"]) < UNKNOWN_BYTES and int(found["there"]) > 0:
            stated = round(file.frames * int(found["stated"]) / int(found["there"]))
    return stated * (1 - CUT_SHARE) - CUT_SECONDS * file.samplerate


def _mp3_states_length(path: Path) -> bool:
    """Whether an MP3's first frame counts the frames; else its length is a guess from the first bit rates."""
    with path.open("rb") as file:
        start = file.read(10)
        if start[:3] == b"ID3" and len(start) == 10:
            size = 0
            for byte in start[6:]:  # seven bits each
                size = size << 7 | byte & 0x7F
            file.seek(10 + size)
            start = b""
        start += file.read(4096)
    return any(mark in start for mark in (b"Xing", b"Info", b"VBRI"))
