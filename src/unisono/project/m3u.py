"""Playlists that a player opens; `unisono.corpora.own.m3u.read_m3u` reads them back."""

import os
from collections.abc import Iterable
from pathlib import Path

from unisono.errors import UserError


def write_m3u(path: Path, tracks: Iterable[tuple[Path, str]]) -> None:
    """Write an extended M3U8 playlist of audio files, each with what a player shows of it.

    Files below the playlist's folder are named relative to it, so that both can move together; others absolutely.

    Raises:
        UserError: there is a file already, it cannot be written, or its name does not end in .m3u8 or .m3u.
    """
    if path.suffix.lower() not in (".m3u8", ".m3u"):
        raise UserError(f"{path}: a playlist is an M3U8 file; give it a name that ends in .m3u8")
    folder = Path(os.path.abspath(path.parent))  # noqa: PTH100 (resolve() would follow links)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as playlist:
            playlist.write(m3u_of(tracks, folder))
    except FileExistsError:
        raise UserError(f"{path}: there is a file already, which stays as it is; name another") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); name another") from None


def m3u_of(tracks: Iterable[tuple[Path, str]], folder: Path | None = None) -> str:
    """The text of such a playlist that will lie in `folder`; files are named absolutely where that is not known."""
    lines = ["#EXTM3U"]
    for file, shown in tracks:
        lines += [f"#EXTINF:-1,{' '.join(shown.split())}", _entry(file, folder)]
    return "\n".join(lines) + "\n"


def _entry(file: Path, folder: Path | None) -> str:
    entry = str(file.relative_to(folder) if folder and file.is_relative_to(folder) else file)
    plain = entry.strip() == entry and len(entry.splitlines()) == 1
    if not plain or entry.startswith("#") or entry.lower().startswith("file://") or "\\" in entry:
        return file.as_uri()
    return entry
