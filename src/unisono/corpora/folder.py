"""Your own music: a table of tracks and a folder of M3U playlists.

    tracks.csv           track_id, path, genres and artist (each joined by ';'; may be absent), and any further
                         columns, which are kept
    playlists/*.m3u8     UTF-8 playlists of paths, relative to the playlist's file or absolute; *.m3u too

Paths in tracks.csv are relative to its folder, or absolute. Without a playlists folder there are no playlists but the
users of a listening log (unisono.corpora.reading.interactions). A playlist's words are those of its #PLAYLIST: line, or
else of its file's name.
"""

from pathlib import Path

from unisono.corpora.own.tables import read_own
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import require_folder


def read(root: Path) -> Catalogue:
    """Read the catalogue of all tracks of tracks.csv; see `read_own` for what is left out and what is refused."""
    require_folder(root, "a folder with tracks.csv and playlists/*.m3u8")
    return read_own(root, paths=True)
