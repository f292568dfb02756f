"""The tables of users' own corpora: tracks.csv and a folder of M3U playlists, whatever tracks are stored as.

tracks.csv           track_id, path, genres and artist (each joined by ';'; may be absent), and any further columns,
                     which are kept
playlists/*.m3u8     UTF-8 playlists of paths, relative to the playlist's file or absolute; *.m3u too
"""

import logging
from pathlib import Path
from typing import TypeVar

import pandas as pd

from unisono.corpora.own.m3u import normal_path, read_titled_m3u
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import playlists_table, read_csv, refuse_duplicates, require_files, shown
from unisono.errors import UserError

PLAYLISTS = "playlists"
T = TypeVar("T", pd.Series, pd.Index)
OWN_COLUMNS = {"source": "the path", "artists": "the list of those in the column artist"}

logger = logging.getLogger(__name__)


def read_own(root: Path, *, paths: bool) -> Catalogue:
    """Read tracks.csv, whose paths become the tracks' sources, and the playlists.

    Playlist entries that tracks.csv does not list are left out and counted, as are playlists that have no other and
    playlists that cannot be read.

    Args:
        paths: whether there has to be a column path. Where it may be absent, and is, a playlist's entries are
            track_ids.

    Raises:
        UserError: tracks.csv is missing or malformed, or an id or a path, however it is spelled, occurs twice.
    """
    path = root / "tracks.csv"
    require_files(root, ["tracks.csv"])
    table = _read_tracks(path, paths)
    tracks = table.rename(columns={"path": "source"}).set_index("track_id")
    for column, name in (("genres", "genres"), ("artists", "artist")):
        tracks[column] = [split_names(cell) for cell in table.get(name, [""] * len(table))]
    track_at: dict[str, str] = {}
    for track_id, source in zip(table["track_id"], table["path"], strict=True):
        if (other := track_at.setdefault(normal_path(root, source), track_id)) != track_id:
            raise UserError(
                f"{path}: the paths of {other} and {track_id} are one file, {tracks['source'][other]} and {source};"
                " list each file once"
            )

    listed, titles, unreadable = _read_playlists(root / PLAYLISTS)
    known = {key: [track_at[entry] for entry in entries if entry in track_at] for key, entries in listed.items()}
    playlists = {key: list(dict.fromkeys(tracks)) for key, tracks in known.items() if tracks}
    return Catalogue(
        root=root,
        tracks=tracks,
        playlists=playlists_table(playlists, titles={key: (title, []) for key, title in titles.items()}),
        counts={
            "tracks_without_genre": int((tracks["genres"].str.len() == 0).sum()),
            "unknown_playlist_tracks": sum(map(len, listed.values())) - sum(map(len, known.values())),
            "playlists_without_known_track": len(listed) - len(playlists),
            "unreadable_playlists": unreadable,
        },
    )


def stand_in(track_ids: T) -> T:
    """The paths of tracks that have none: what an entry "ID" of a playlist stands for."""
    return PLAYLISTS + "/" + track_ids


def _read_tracks(path: Path, paths: bool) -> pd.DataFrame:
    needed = ("track_id", "path") if paths else ("track_id",)
    table = read_csv(path, needed, filled=needed)
    if table.empty:
        raise UserError(f"{path}: lists no track; add a line for each")
    for name, meaning in OWN_COLUMNS.items():
        if name in table:
            raise UserError(f"{path}: has a column {name}, which is what Unisono calls {meaning}; rename or remove it")
    refuse_duplicates(path, table["track_id"])
    if "path" not in table:
        table["path"] = stand_in(table["track_id"])
    refuse_duplicates(path, table["path"], "paths")
    return table


def split_names(cell: str) -> list[str]:
    """'rock; indie;;rock' to ['rock', 'indie']."""
    return list(dict.fromkeys(name for part in cell.split(";") if (name := part.strip())))


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
