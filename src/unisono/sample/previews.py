"""Short previews of songs, as services keep them beside mels: Ogg Vorbis whose bytes the audio alone decides."""

import io
import zlib
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 5
HEADER, SERIAL, CRC, N_SEGMENTS = 27, slice(14, 18), slice(22, 26), 26  # of an Ogg page, in bytes: RFC 3533, section 6
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def write_preview(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """Write the first `SECONDS` of mono audio."""
    encoded = io.BytesIO()
    soundfile.write(encoded, audio[: SECONDS * sample_rate], sample_rate, format="OGG", subtype="VORBIS")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(without_serial(encoded.getvalue()))


def without_serial(ogg: bytes) -> bytes:
    """The same stream with 0 for its serial number, which encoders draw anew each time; pages' checksums follow it."""
    stream, start = bytearray(ogg), 0
    while start < len(stream):
        segments = stream[start + HEADER : start + HEADER + stream[start + N_SEGMENTS]]
        end = start + HEADER + len(segments) + sum(segments)
        page = stream[start:end]
        page[SERIAL] = page[CRC] = bytes(4)
        page[CRC] = _checksum(page)
        stream[start:end] = page
        start = end
    return bytes(stream)


def _checksum(page: bytearray) -> bytes:
    """Ogg's CRC-32, from the high bit down, without inversion at start and end: zlib's of bytes read backwards."""
    crc = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(REVERSED)
