"""What a user calls a track or an artist."""

import os
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.errors import UserError
from unisono.project.words import folded, near

MOST_LISTED = 10


class TrackNames:
    """The rows of a catalogue by the ids, titles and files of its tracks.

    Args:
        tracks: index track_id; columns title and source.
        root: the folder that sources are relative to; None if it is not known, so that no file is of the catalogue.
    """

    def __init__(self, tracks: pd.DataFrame, root: Path | None) -> None:
        self._tracks = tracks
        self._root = root

    def row(self, track: str | os.PathLike[str]) -> int | None:
        """The row of the track of this id, else of this title, else of this file; None for a file from elsewhere.

        Raises:
            UserError: several tracks have the title, or it is none of these.
        """
        name = os.fspath(track)
        if (row := int(self._tracks.index.get_indexer(pd.Index([name]))[0])) >= 0:
            return row
        titled = np.flatnonzero((self._tracks["title"] == name) & (name != ""))
        if len(titled) > 1:
            ids = ", ".join(self._tracks.index[titled[:MOST_LISTED]])
            more = ", ..." if len(titled) > MOST_LISTED else ""
            raise UserError(f"{len(titled)} tracks are called {name!r}; name one by its id: {ids}{more}")
        if len(titled):
            return int(titled[0])
        if not os.path.isfile(name):  # noqa: PTH113 (Path.is_file raises where a folder may not be searched)
            known = [*self._tracks["title"].unique(), *self._tracks.index]
            raise UserError(f"{unknown('track', name, known)}; nor is it a file")
        return self._row_of_file.get(_place(name))

    @cached_property
    def _row_of_file(self) -> dict[str, int]:
        if self._root is None:
            return {}
        return {_place(self._root / source): row for row, source in enumerate(self._tracks["source"])}


def artist_number(artist: str, names: list[str]) -> int:
    """Which of the names an artist's is, however it is written.

    Raises:
        UserError: none is.
    """
    if not names:
        raise UserError("the catalogue knows no artists; own music has them in a column artist of tracks.csv")
    if artist in names:
        return names.index(artist)
    alike = [number for number, name in enumerate(names) if folded(name) == folded(artist)]
    if not alike:
        raise UserError(unknown("artist", artist, names))
    return alike[0]


def unknown(kind: str, name: str, known: list[str]) -> str:
    """That a catalogue lacks something, and what it has of nearly that name."""
    alike = near(name, known)
    return f"the catalogue has no {kind} {name!r}" + (f"; near are {', '.join(map(repr, alike))}" if alike else "")


def _place(file: str | os.PathLike[str]) -> str:
    """Where a file lies, whatever links lead to its folder; it may be a link itself, as in a library of links."""
    folder, name = os.path.split(os.path.abspath(file))  # noqa: PTH100 (resolve() would follow that one)
    return os.path.join(_real(folder), name)  # noqa: PTH118 (it is compared as text)


_real = cache(os.path.realpath)  # a catalogue has far fewer folders than files
