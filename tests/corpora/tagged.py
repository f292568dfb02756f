"""Real audio files with tags of one's choice, which no library here writes: FLAC's comments and ID3 by hand."""

import io
from collections.abc import Iterable

import numpy as np
import soundfile

RATE = 8000


def sound(format: str, subtype: str | None = None, seconds: float = 0.3) -> bytes:
    """A file of noise, without tags."""
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(seconds * RATE))
    stream = io.BytesIO()
    soundfile.write(stream, noise, RATE, format=format, subtype=subtype)
    return stream.getvalue()


def flac(comments: Iterable[tuple[str, bytes]]) -> bytes:
    """A FLAC with these Vorbis comments: https://www.rfc-editor.org/rfc/rfc9639, section 8.6."""
    content = sound("FLAC")
    at, last = 4, False
    while not last:  # over its own blocks of metadata
        last = bool(content[at] & 0x80)
        at += 4 + int.from_bytes(content[at + 1 : at + 4], "big")
    fields = [name.encode() + b"=" + value for name, value in comments]
    block = bytes(4) + len(fields).to_bytes(4, "little")
    block += b"".join(len(field).to_bytes(4, "little") + field for field in fields)
    stream_info = bytes([0]) + content[5:42]
    return b"fLaC" + stream_info + bytes([0x84]) + len(block).to_bytes(3, "big") + block + content[at:]


def mp3(frames: Iterable[tuple[str, bytes]]) -> bytes:
    """An MP3 with an ID3v2.4 tag of these text frames, in UTF-8: https://id3.org/id3v2.4.0-structure."""
    tag = b"".join(name.encode() + _synchsafe(len(text) + 1) + b"\0\0\3" + text for name, text in frames)
    return b"ID3\4\0\0" + _synchsafe(len(tag)) + tag + sound("MP3", "MPEG_LAYER_III")


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
