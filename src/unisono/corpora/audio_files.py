"""The audio files that somebody means who names files, folders and playlists."""

import os
from collections.abc import Iterable
from pathlib import Path

from unisono.corpora.own.m3u import read_m3u
from unisono.corpora.reading.inventory import take_inventory
from unisono.errors import UserError

DECODED = frozenset((
    ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aif", ".aiff", ".aifc", ".au", ".snd", ".w64",
    ".rf64", ".caf",
))  # fmt: skip
NOT_DECODED = frozenset((  # somebody who has such files shall hear of it
    ".m4a", ".m4b", ".mp4", ".mka", ".aac", ".alac", ".wma", ".ape", ".mpc", ".wv", ".tta", ".dsf", ".dff", ".webm",
))  # fmt: skip
M3U = (".m3u", ".m3u8")


def find_audio(named: Iterable[Path]) -> list[Path]:
    """Files as they are named, the audio below folders sorted, the entries of M3U playlists; each file once.

    Hidden files of a folder are passed over. Whether a file exists is not looked at.

    Raises:
        UserError: a folder or a playlist cannot be read, or there is no file in all of them.
    """
    named = list(named)
    files: dict[str, Path] = {}
    for name in named:
        for file in _meant_by(name):
            files.setdefault(os.path.abspath(file), file)  # noqa: PTH100 (resolve() would follow links)
    if not files:
        places = ", ".join(map(str, named))
        raise UserError(f"{places}: no audio there; name files, folders with some below them, or M3U playlists")
    return list(files.values())


def _meant_by(name: Path) -> list[Path]:
    if name.is_dir():
        return [name / file for file in take_inventory(name)["name"] if _is_audio(file)]
    if name.suffix.lower() in M3U:
        return [Path(entry) for entry in read_m3u(name)]
    return [name]


def _is_audio(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in DECODED | NOT_DECODED and not any(part.startswith(".") for part in path.parts)
