"""Your own music: a table of tracks and a folder of M3U playlists.

    tracks.csv           track_id, path, genres (joined by ';'), and any further columns, which are kept
    playlists/*.m3u8     UTF-8 playlists of paths, relative to the playlist's file or absolute; *.m3u too

Paths in tracks.csv are relative to its folder, or absolute. Without a playlists folder there are no playlists.
"""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from unisono.corpora.catalogue import Catalogue
from unisono.corpora.reading import playlists_table, read_csv, refuse_duplicates, require_files, require_folder
from unisono.errors import UserError


def read(root: Path) -> Catalogue:
    """Read the catalogue of all tracks of tracks.csv.

    Playlist entries that tracks.csv does not list are left out and counted, as are playlists that have no other.

    Raises:
        UserError: tracks.csv is missing or malformed, or an id or a path occurs twice.
    """
    require_folder(root, "a folder with tracks.csv and playlists/*.m3u8")
    path = root / "tracks.csv"
    require_files(root, ["tracks.csv"])
    table = read_csv(path, ("track_id", "path", "genres"))
    if table.empty:
        raise UserError(f"{path}: lists no track; add a line for each")
    refuse_duplicates(path, table["track_id"])
    refuse_duplicates(path, table["path"])
    tracks = table.rename(columns={"path": "source"}).set_index("track_id")
    tracks["genres"] = [split_genres(cell) for cell in table["genres"]]
    track_at = {
        _normal(root, source): track_id for track_id, source in zip(table["track_id"], table["path"], strict=True)
    }

    listed = _read_playlists(root / "playlists")
    known = {key: [track_at[entry] for entry in entries if entry in track_at] for key, entries in listed.items()}
    playlists = {key: list(dict.fromkeys(tracks)) for key, tracks in known.items() if tracks}
    return Catalogue(
        root=root,
        tracks=tracks,
        playlists=playlists_table(playlists),
        counts={
            "tracks_without_genre": int((tracks["genres"].str.len() == 0).sum()),
            "unknown_playlist_tracks": sum(map(len, listed.values())) - sum(map(len, known.values())),
            "playlists_without_known_track": len(listed) - len(playlists),
        },
    )


def split_genres(cell: str) -> list[str]:
    """'rock; indie;;rock' to ['rock', 'indie']."""
    return list(dict.fromkeys(name for part in cell.split(";") if (name := part.strip())))


def read_m3u(path: Path) -> list[str]:
    """The entries of an M3U playlist as normal absolute paths.

    Blank lines and comments (#EXTM3U, #EXTINF, ...) are skipped; backslashes separate folders, as Windows players
    write them; file:// addresses are decoded. M3U has no stated encoding, so what is not UTF-8 is read as Latin-1.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = (line.strip() for line in text.splitlines())
    return [_entry(path.parent, line) for line in lines if line and not line.startswith("#")]


def _entry(folder: Path, line: str) -> str:
    if line.lower().startswith("file://"):
        return _normal(folder, unquote(urlsplit(line).path))
    return _normal(folder, line) if (folder / line).exists() else _normal(folder, line.replace("\\", "/"))


def _normal(folder: Path, path: str) -> str:
    return os.path.abspath(folder / path)  # noqa: PTH100 (resolve() would follow the links of a music library)


def _read_playlists(folder: Path) -> dict[str, list[str]]:
    """Entries by playlist id, which is the file's name in the folder without its suffix."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".m3u", ".m3u8"))
    ids = [path.relative_to(folder).with_suffix("").as_posix() for path in files]
    refuse_duplicates(folder, ids)
    return {playlist_id: read_m3u(path) for playlist_id, path in zip(ids, files, strict=True)}
