"""The tables that every corpus reader returns, whatever the format on disk."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Catalogue:
    """A corpus as tables; track ids and playlist ids are strings throughout.

    Attributes:
        root: the corpus folder; `source` is relative to it.
        tracks: index `track_id`; columns `genres` (list[str], may be empty) and `source`: the path of
            a .npy mel or an audio file, or "archive.tar!member" for a member of a tar. Readers of
            users' own formats may add further columns.
        playlists: index `playlist_id`; column `tracks` (list[str] of ids known to `tracks`).
        labels: columns `track_id`, `task`, `tags` (list[str]) and `split` (train | validation | test):
            what evaluation corpora are for. One corpus may hold several tasks, each with its own split.
        rejects: columns `track_id`, `source`, `reason`: what the reader found and could not use.
        counts: figures for the stage's metrics, e.g. {"unknown_playlist_tracks": 3}.
    """

    root: Path
    tracks: pd.DataFrame
    playlists: pd.DataFrame = field(default_factory=lambda: empty("tracks", index="playlist_id"))
    labels: pd.DataFrame = field(default_factory=lambda: empty("track_id", "task", "tags", "split"))
    rejects: pd.DataFrame = field(default_factory=lambda: empty("track_id", "source", "reason"))
    counts: dict[str, int] = field(default_factory=dict)


def empty(*columns: str, index: str | None = None) -> pd.DataFrame:
    """An empty table with the given columns, and an index of that name."""
    return pd.DataFrame({column: [] for column in columns}, index=pd.Index([], name=index), dtype=object)
