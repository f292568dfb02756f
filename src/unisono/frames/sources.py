"""One track's frames from where its source lies, or the reason why it has none."""

import io
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from unisono.audio.rejects import RejectError, size_of_file
from unisono.corpora.reading.tars import MISSING_MEL, tar_members
from unisono.params import Mel, Waves

if TYPE_CHECKING:
    import torch

FrontEnd = Mel | Waves  # mel frames, or the samples themselves as frames of one band
LONGEST_HOURS = 6  # a track's frames are in memory: at most 1 GB as waves at 22,050 Hz
HEADER_BYTES = 1 << 16
SIGNLESS, INFINITE_BITS = np.uint16(0x7FFF), 0x7C00  # of float16; NaNs lie above infinity
PACKED = re.compile(r"([^/]*\.tar)!(.*\.npy)|(vectors\.(?:parquet|npy))!(\d+\+\d+)")
TOO_LONG = f"longer than {LONGEST_HOURS} hours"
SHORT = "shorter than its header says"


@dataclass(frozen=True)
class Reading:
    """The frames (T, n_bands), float16, of a track that can be used; the warning may be empty."""

    frames_TF: np.ndarray
    warning: str = ""


def in_file(source: str) -> tuple[str, str] | None:
    """A source of a file of many tracks, and where in it; None for a track's own file, whose name may hold a '!' too.

    That is "archive.tar!member.npy", or "vectors.parquet!FIRST+COUNT", rows of a file of vectors.
    """
    found = PACKED.fullmatch(source)
    return (found[1] or found[3], found[2] or found[4]) if found else None


class TrackReader(Protocol):
    """What packing reads tracks with.

    Attributes:
        n_bands: of each frame.
    """

    n_bands: int

    def read_all(
        self, sources: dict[str, str], begin: Callable[[str], object]
    ) -> Iterator[tuple[str, Reading | RejectError]]:
        """The frames of {track_id: source}, or the reason against them; members of one file in the order of that file.

        The sources are either all of one file of many tracks (see `in_file`) or all files of their own. `begin` is
        called with the id of each track before it is read.
        """


class FrameReader:
    """Read tracks as float16 frames (T, n_bands), whatever they are stored as.

    Whatever is wrong with a file is the reason why it has no frames, and no file takes more memory than
    `LONGEST_HOURS` do.

    Args:
        root: the corpus folder.
        front_end: for mels, the front end for audio and the number of bands that ready mels must have; for waves,
            the sample rate.
        max_frames: later frames are not read; None reads all.
    """

    def __init__(self, root: Path, front_end: FrontEnd, max_frames: int | None) -> None:
        self.root = root
        self.front_end = front_end
        self.n_bands = front_end.n_bands
        self.max_frames = max_frames
        hop_length = front_end.hop_length if isinstance(front_end, Mel) else 1
        self.longest = LONGEST_HOURS * 3600 * front_end.sample_rate // hop_length  # frames

    def read_all(
        self, sources: dict[str, str], begin: Callable[[str], object]
    ) -> Iterator[tuple[str, Reading | RejectError]]:
        members = {track_id: found for track_id, source in sources.items() if (found := in_file(source))}
        archives = {archive for archive, _ in members.values()}
        if archives and (self.root / archives.pop()).is_file():
            yield from self._read_tar(members, begin)
        else:
            for track_id, source in sources.items():
                begin(track_id)
                yield track_id, _attempt(self._read, self.root / source)

    def read(self, path: Path) -> Reading | RejectError:
        """The frames of one file, or the reason against it."""
        return _attempt(self._read, self.root / path)

    def read_samples(self, samples: np.ndarray, sample_rate: int) -> Reading | RejectError:
        """The frames of samples, mono (S,) or (S, C), as if a file held them; or the reason against them."""
        return _attempt(self._samples, samples, sample_rate)

    def _read_tar(
        self, members: dict[str, tuple[str, str]], begin: Callable[[str], object]
    ) -> Iterator[tuple[str, Reading | RejectError]]:
        track_at = {name: track_id for track_id, (_, name) in members.items()}
        archive_name, _ = next(iter(members.values()))
        for archive, member in tar_members(self.root / archive_name):
            if member.name in track_at and member.isreg():
                track_id = track_at.pop(member.name)
                begin(track_id)
                yield track_id, _attempt(self._read_member, archive, member)
        for track_id in track_at.values():
            yield track_id, RejectError(MISSING_MEL, lasts=False)

    def _read_member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Reading:
        self._check_mel(member.size)
        file = archive.extractfile(member)
        assert file is not None, "regular members are files"
        try:
            return self._ready_mel(file.read())
        except tarfile.ReadError:
            raise RejectError("truncated .npy") from None

    def _read(self, path: Path) -> Reading:
        size = size_of_file(path)
        if path.suffix != ".npy":
            return self._audio(path)
        self._check_mel(size)
        return self._ready_mel(path.read_bytes())

    def _check_mel(self, size: int) -> None:
        if not isinstance(self.front_end, Mel):
            raise RejectError("a mel, not audio")
        if size > self.longest * self.n_bands * np.dtype(float).itemsize + HEADER_BYTES:
            raise RejectError(TOO_LONG)

    def _ready_mel(self, content: bytes) -> Reading:
        return Reading(parse_mel(content, self.n_bands)[: self.max_frames])

    def _audio(self, path: Path) -> Reading:
        # Imported here: workers that read ready-made mels start much faster without torch.
        from unisono.audio.decode import AudioBlocks

        audio = AudioBlocks(path, self.front_end.sample_rate)
        frames_TF = self._frames(audio)
        return Reading(frames_TF, SHORT if audio.ends_early else "")

    def _samples(self, samples: np.ndarray, sample_rate: int) -> Reading:
        from unisono.audio.decode import resampled

        return Reading(self._frames(resampled(samples, sample_rate, self.front_end.sample_rate)))

    def _frames(self, audio: "Iterable[torch.Tensor]") -> np.ndarray:
        from unisono.audio.mel import FLOOR_DB, LogMel

        least, silence = 1, 0.0
        blocks: Iterator[torch.Tensor] = (block_S.unsqueeze(1) for block_S in audio)
        if isinstance(self.front_end, Mel):
            least, silence = 1 + self.front_end.n_fft // self.front_end.hop_length, FLOOR_DB
            blocks = LogMel(self.front_end).blocks(audio)
        frames_TF = self._join(blocks)
        if len(frames_TF) < min(least, self.max_frames or least):
            raise RejectError("too short")
        if (frames_TF == silence).all():
            raise RejectError("all zero")
        return frames_TF

    def _join(self, blocks: "Iterator[torch.Tensor]") -> np.ndarray:
        """Blocks as one float16 array of at most `max_frames`; the file is not decoded beyond them."""
        kept: list[np.ndarray] = []
        n_frames = 0
        for block_TF in blocks:
            kept.append(to_float16(block_TF.numpy()))
            n_frames += len(block_TF)
            if self.max_frames is not None and n_frames >= self.max_frames:
                break
            if n_frames > self.longest:
                raise RejectError(TOO_LONG)
        return np.concatenate(kept)[: self.max_frames]


def parse_mel(content: bytes, n_mels: int) -> np.ndarray:
    """The content of an .npy mel, bands first (n_mels, T), as float16 frames (T, n_mels).

    Raises:
        RejectError: the content is not such an array, or its values are all zero, NaN or infinite, or beyond float16.
    """
    if not content:
        raise RejectError("empty file")
    mel_TF = to_float16(_values(content, n_mels).T)
    if _largest_bits(mel_TF) == 0:
        raise RejectError("all zero")
    return mel_TF


def to_float16(values: np.ndarray) -> np.ndarray:
    """Values as they are stored.

    Raises:
        RejectError: some are not finite, before or after.
    """
    # What float16 cannot hold becomes infinite, and is refused.
    if values.dtype == np.float32 and values.flags.writeable:
        import torch  # here: it converts twenty times as fast as numpy, but who reads no frames is spared to load it

        stored = torch.from_numpy(values).half().numpy()
    else:  # torch rounds float64 twice, and warns of what it could not write to
        with np.errstate(over="ignore"):
            stored = values.astype(np.float16)
    if _largest_bits(stored) < INFINITE_BITS:
        return stored
    raise RejectError("values that float16 cannot hold" if np.isfinite(values).all() else "NaN or infinite values")


def _largest_bits(stored: np.ndarray) -> int:
    """The largest of float16 values without their signs, as an integer: numpy has no fast arithmetic for float16."""
    return int((stored.view(np.uint16) & SIGNLESS).max(initial=0))


def _values(content: bytes, n_mels: int) -> np.ndarray:
    """The array (n_mels, T) of the content; `np.load` would parse the header again."""
    if not content.startswith(np.lib.format.MAGIC_PREFIX):
        raise RejectError("not an .npy file")
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read_header(stream)
    except ValueError as error:
        raise RejectError("truncated .npy") from error
    if dtype.hasobject:
        raise RejectError("object dtype, pickle refused")
    if dtype.kind != "f":
        raise RejectError("not floating point")
    if len(shape) != 2 or shape[0] != n_mels or isinstance(shape[1], bool) or shape[1] < 0:
        raise RejectError("wrong shape")
    if shape[1] == 0:
        raise RejectError("no frames")
    if len(content) - stream.tell() < shape[0] * shape[1] * dtype.itemsize:
        raise RejectError("truncated .npy")
    writable = bytearray(content)  # which `to_float16` gives to torch
    values = np.frombuffer(writable, dtype, count=shape[0] * shape[1], offset=stream.tell())
    return values.reshape(shape, order="F" if is_fortran else "C")


def _attempt(read: Callable[..., Reading], *arguments: Any) -> Reading | RejectError:
    """What `read` returns, or why it cannot."""
    try:
        return read(*arguments)
    except RejectError as error:
        return error
    except OSError as error:
        return RejectError(f"unreadable file ({error.strerror or error})", lasts=False)
    except Exception as error:  # decoders and headers find ever new ways to fail, and none may stop the others
        return RejectError(f"unreadable file ({type(error).__name__})")
