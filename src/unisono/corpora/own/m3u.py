"""M3U playlists as players write them."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from unisono.corpora.reading.files import read_bytes

TITLE = "#PLAYLIST:"


def read_m3u(path: Path) -> list[str]:
    """The entries of an M3U playlist as normal absolute paths; see `read_titled_m3u`."""
    return read_titled_m3u(path)[0]


def read_titled_m3u(path: Path) -> tuple[list[str], str]:
    """The entries of an M3U playlist as normal absolute paths, and its title: '' if no #PLAYLIST: line names it.

    Blank lines and comments (#EXTM3U, #EXTINF, ...) are skipped; backslashes separate folders, as Windows players
    write them; file:// addresses are decoded. M3U has no stated encoding, so what is not UTF-8 is read as Latin-1.

    Raises:
        UserError: it is no regular file, or cannot be read.
    """
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    titles = (line[len(TITLE) :].strip() for line in lines if line.upper().startswith(TITLE))
    return [_entry(path.parent, line) for line in lines if line and not line.startswith("#")], next(titles, "")


def _entry(folder: Path, line: str) -> str:
    if line.lower().startswith("file://"):
        try:
            return normal_path(folder, unquote(urlsplit(line).path))
        except ValueError:  # a host that is none, as in file://[
            return normal_path(folder, line)
    there = os.path.exists(folder / line)  # noqa: PTH110 (Path.exists raises for names that are too long)
    return normal_path(folder, line if there else line.replace("\\", "/"))


def normal_path(folder: Path, path: str) -> str:
    """A path as absolute as it can be without following links."""
    return os.path.abspath(folder / path)  # noqa: PTH100 (resolve() would follow the links of a music library)
