"""Your own music: a table of tracks and a folder of M3U playlists.

    tracks.csv           track_id, path, genres and artist (each joined by ';'; may be absent), and any further
                         columns, which are kept
    playlists/*.m3u8     UTF-8 playlists of paths, relative to the playlist's file or absolute; *.m3u too

Paths in tracks.csv are relative to its folder, or absolute. Without a playlists folder there are no playlists. A
playlist's words are those of its #PLAYLIST: line, or else of its file's name.
"""

import logging
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import (
    playlists_table,
    read_bytes,
    read_csv,
    refuse_duplicates,
    require_files,
    require_folder,
    shown,
)
from unisono.errors import UserError

logger = logging.getLogger(__name__)

OWN_COLUMNS = {"source": "the path", "artists": "the list of those in the column artist"}
TITLE = "#PLAYLIST:"


def read(root: Path) -> Catalogue:
    """Read the catalogue of all tracks of tracks.csv.

    Playlist entries that tracks.csv does not list are left out and counted, as are playlists that have no other and
    playlists that cannot be read.

    Raises:
        UserError: tracks.csv is missing or malformed, or an id or a path, however it is spelled, occurs twice.
    """
    require_folder(root, "a folder with tracks.csv and playlists/*.m3u8")
    path = root / "tracks.csv"
    require_files(root, ["tracks.csv"])
    table = read_csv(path, ("track_id", "path"), filled=("track_id", "path"))
    if table.empty:
        raise UserError(f"{path}: lists no track; add a line for each")
    for name, meaning in OWN_COLUMNS.items():
        if name in table:
            raise UserError(f"{path}: has a column {name}, which is what Unisono calls {meaning}; rename or remove it")
    refuse_duplicates(path, table["track_id"])
    refuse_duplicates(path, table["path"], "paths")
    tracks = table.rename(columns={"path": "source"}).set_index("track_id")
    for column, name in (("genres", "genres"), ("artists", "artist")):
        tracks[column] = [split_names(cell) for cell in table.get(name, [""] * len(table))]
    track_at: dict[str, str] = {}
    for track_id, source in zip(table["track_id"], table["path"], strict=True):
        if (other := track_at.setdefault(_normal(root, source), track_id)) != track_id:
            raise UserError(
                f"{path}: the paths of {other} and {track_id} are one file, {tracks['source'][other]} and {source};"
                " list each file once"
            )

    listed, titles, unreadable = _read_playlists(root / "playlists")
    known = {key: [track_at[entry] for entry in entries if entry in track_at] for key, entries in listed.items()}
    playlists = {key: list(dict.fromkeys(tracks)) for key, tracks in known.items() if tracks}
    return Catalogue(
        root=root,
        tracks=tracks,
        playlists=playlists_table(playlists, {key: (title, []) for key, title in titles.items()}),
        counts={
            "tracks_without_genre": int((tracks["genres"].str.len() == 0).sum()),
            "unknown_playlist_tracks": sum(map(len, listed.values())) - sum(map(len, known.values())),
            "playlists_without_known_track": len(listed) - len(playlists),
            "unreadable_playlists": unreadable,
        },
    )


def split_names(cell: str) -> list[str]:
    """'rock; indie;;rock' to ['rock', 'indie']."""
    return list(dict.fromkeys(name for part in cell.split(";") if (name := part.strip())))


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
            return _normal(folder, unquote(urlsplit(line).path))
        except ValueError:  # a host that is none, as in file://[
            return _normal(folder, line)
    there = os.path.exists(folder / line)  # noqa: PTH110 (Path.exists raises for names that are too long)
    return _normal(folder, line if there else line.replace("\\", "/"))


def _normal(folder: Path, path: str) -> str:
    return os.path.abspath(folder / path)  # noqa: PTH100 (resolve() would follow the links of a music library)


def _read_playlists(folder: Path) -> tuple[dict[str, list[str]], dict[str, str], int]:
    """Entries and titles by playlist id, the file's name in the folder without its suffix, and how many files are
    unreadable."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file, expected a folder of M3U playlists; remove it, or move it into one")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".m3u", ".m3u8") and not path.is_dir())
    ids = [shown(path.relative_to(folder).with_suffix("").as_posix()) for path in files]
    refuse_duplicates(folder, ids, "names of playlists (without .m3u or .m3u8)")
    listed, titles = {}, {}
    for playlist_id, path in zip(ids, files, strict=True):
        try:
            listed[playlist_id], title = read_titled_m3u(path)
        except UserError as error:
            logger.warning("%s", error)
        else:
            titles[playlist_id] = title or shown(path.stem)
    return listed, titles, len(files) - len(listed)
