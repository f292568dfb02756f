"""One track's frames from where its source lies, or the reason why it has none."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unisono.corpora.melon import MISSING_MEL, tar_members
from unisono.params import Mel, Waves

if TYPE_CHECKING:
    import torch

FrontEnd = Mel | Waves  # what a store holds: mel frames, or the samples themselves as frames of one band


class RejectError(Exception):
    """A track that cannot be used; the message is the reason."""


def tar_member(source: str) -> tuple[str, str] | None:
    """A source "archive.tar!member" as its two names; None for a file, whose name may well hold a '!'."""
    archive, mark, member = source.partition(".tar!")
    return (f"{archive}.tar", member) if mark else None


class FrameReader:
    """Read tracks as float16 frames (T, n_bands), whatever they are stored as.

    Args:
        root: the corpus folder.
        front_end: for mels, the front end for audio and the number of bands that ready mels must have; for waves,
            the sample rate.
        max_frames: later frames are not read; None reads all.
    """

    def __init__(self, root: Path, front_end: FrontEnd, max_frames: int | None) -> None:
        self.root = root
        self.front_end = front_end
        self.n_bands = front_end.n_mels if isinstance(front_end, Mel) else 1
        self.max_frames = max_frames

    def read_all(self, sources: dict[str, str]) -> Iterator[tuple[str, np.ndarray | RejectError]]:
        """The frames of {track_id: source}, or the reason against them; members of a tar in the order of the tar.

        The sources are either all members of one tar ("archive.tar!member") or all files.
        """
        members = {track_id: found for track_id, source in sources.items() if (found := tar_member(source))}
        if members:
            yield from self._read_tar(members)
        else:
            for track_id, source in sources.items():
                yield track_id, self._read(self.root / source)

    def _read_tar(self, members: dict[str, tuple[str, str]]) -> Iterator[tuple[str, np.ndarray | RejectError]]:
        track_at = {name: track_id for track_id, (_, name) in members.items()}
        archive_name, _ = next(iter(members.values()))
        for archive, member in tar_members(self.root / archive_name):
            if member.name in track_at and member.isreg():
                yield track_at.pop(member.name), self._read_member(archive, member)
        for track_id in track_at.values():
            yield track_id, RejectError(MISSING_MEL)

    def _read_member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> np.ndarray | RejectError:
        file = archive.extractfile(member)
        assert file is not None, "regular members are files"
        try:
            return self._ready_mel(file.read())
        except tarfile.ReadError:
            return RejectError("truncated .npy")
        except RejectError as error:
            return error

    def _read(self, path: Path) -> np.ndarray | RejectError:
        try:
            if path.suffix == ".npy":
                return self._ready_mel(_read_bytes(path))
            return self._audio(path)
        except RejectError as error:
            return error

    def _ready_mel(self, content: bytes) -> np.ndarray:
        if not isinstance(self.front_end, Mel):
            raise RejectError("a mel, not audio")
        return parse_mel(content, self.n_bands)[: self.max_frames]

    def _audio(self, path: Path) -> np.ndarray:
        # Imported here: workers that read ready-made mels start much faster without torch.
        from unisono.audio.decode import AudioError, audio_blocks
        from unisono.audio.mel import FLOOR_DB, LogMel

        audio = audio_blocks(path, self.front_end.sample_rate)
        least, silence = 1, 0.0
        blocks: Iterator[torch.Tensor] = (block_S.unsqueeze(1) for block_S in audio)
        if isinstance(self.front_end, Mel):
            least, silence = 1 + self.front_end.n_fft // self.front_end.hop_length, FLOOR_DB
            blocks = LogMel(self.front_end).blocks(audio)
        try:
            frames_TF = self._join(blocks)
        except AudioError as error:
            raise RejectError(str(error)) from error
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
            kept.append(block_TF.numpy().astype(np.float16))
            n_frames += len(block_TF)
            if self.max_frames is not None and n_frames >= self.max_frames:
                break
        return np.concatenate(kept)[: self.max_frames]


def parse_mel(content: bytes, n_mels: int) -> np.ndarray:
    """The content of an .npy mel, bands first (n_mels, T), as float16 frames (T, n_mels).

    Raises:
        RejectError: the content is not such an array, or its values are all zero, NaN or infinite (in float16).
    """
    if not content:
        raise RejectError("empty file")
    _check_header(content, n_mels)
    try:
        mel_FT = np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise RejectError("truncated .npy") from error
    with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite, and is refused
        mel_TF = mel_FT.T.astype(np.float16)
    if not np.isfinite(mel_TF).all():
        raise RejectError("NaN or infinite values")
    if not mel_TF.any():
        raise RejectError("all zero")
    return mel_TF


def _check_header(content: bytes, n_mels: int) -> None:
    """Refuse what the header gives away, before any memory is taken for the values."""
    if not content.startswith(np.lib.format.MAGIC_PREFIX):
        raise RejectError("not an .npy file")
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    except ValueError as error:
        raise RejectError("truncated .npy") from error
    if dtype.hasobject:
        raise RejectError("object dtype, pickle refused")
    if dtype.kind != "f":
        raise RejectError("not floating point")
    if len(shape) != 2 or shape[0] != n_mels:
        raise RejectError("wrong shape")
    if shape[1] == 0:
        raise RejectError("no frames")
    if len(content) - stream.tell() < shape[0] * shape[1] * dtype.itemsize:
        raise RejectError("truncated .npy")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise RejectError("missing file") from None
    except OSError as error:
        raise RejectError(f"unreadable file ({error.strerror})") from None
