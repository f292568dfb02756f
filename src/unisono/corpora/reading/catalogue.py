"""The tables that every corpus reader returns, whatever the format on disk."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from unisono.artifacts.read import read_table

# The columns of lists of each table, and what they hold; the others hold text.
LISTS = {
    "tracks": {"genres": pa.string(), "artists": pa.string()},
    "playlists": {"tracks": pa.string(), "words": pa.string(), "counts": pa.float64(), "times": pa.int64()},
    "labels": {"tags": pa.string()},
}
OF_EACH_TRACK = ("tracks", "counts", "times")  # the columns of `playlists` whose lists run in parallel


@dataclass(frozen=True)
class Catalogue:
    """A corpus as tables; track ids and playlist ids are strings throughout.

    Attributes:
        root: the corpus folder; `source` is relative to it.
        tracks: index `track_id`; columns `genres` and `artists` (list[str], may be empty; artists are what tells
            them apart, be it a name or an id) and `source`: the path of a .npy mel or an audio file, or
            "archive.tar!member" for a member of a tar. Readers add `title` and `artist`, which are to be shown, where
            the corpus has them, and those of users' own formats may add further columns.
        playlists: index `playlist_id`; columns `tracks` (list[str] of ids known to `tracks`), `words` (list[str]:
            those of its title and tags, lower case, may be empty) and, parallel to `tracks` or empty, `counts`
            (list[float]: how often each was played) and `times` (list[int]: when first, in seconds since 1970).
        labels: columns `track_id`, `task`, `tags` (list[str]) and `split` (train | validation | test):
            what evaluation corpora are for. One corpus may hold several tasks, each with its own split.
        rejects: columns `track_id`, `source`, `reason`: what the reader found and could not use.
        counts: figures for the stage's metrics, e.g. {"unknown_playlist_tracks": 3}.
    """

    root: Path
    tracks: pd.DataFrame
    playlists: pd.DataFrame = field(default_factory=lambda: empty(*LISTS["playlists"], index="playlist_id"))
    labels: pd.DataFrame = field(default_factory=lambda: empty("track_id", "task", "tags", "split"))
    rejects: pd.DataFrame = field(default_factory=lambda: empty("track_id", "source", "reason"))
    counts: dict[str, int] = field(default_factory=dict)

    def of_tracks(self, track_ids: Iterable[str]) -> "Catalogue":
        """The catalogue of some of its tracks; playlists that have none of them are dropped."""
        wanted = set(track_ids)
        playlists = self.playlists
        kept = [[track in wanted for track in tracks] for tracks in playlists["tracks"]]
        for name in OF_EACH_TRACK:
            lists = [list(compress(values, keep)) for values, keep in zip(playlists[name], kept, strict=True)]
            playlists = playlists.assign(**{name: pd.Series(lists, index=playlists.index, dtype=object)})
        return replace(
            self,
            tracks=self.tracks.loc[self.tracks.index.isin(wanted)],
            playlists=playlists[playlists["tracks"].str.len() > 0],
            labels=self.labels[self.labels["track_id"].isin(wanted)],
        )


def empty(*columns: str, index: str | None = None) -> pd.DataFrame:
    """An empty table with the given columns, and an index of that name."""
    return pd.DataFrame({column: [] for column in columns}, index=pd.Index([], name=index), dtype=object)


def write_tables(catalogue: Catalogue, folder: Path) -> None:
    """Write tracks.parquet, playlists.parquet and labels.parquet: text, and the lists of `LISTS`."""
    tables = {
        "tracks": catalogue.tracks.rename_axis("track_id").reset_index(),
        "playlists": catalogue.playlists.rename_axis("playlist_id").reset_index(),
        "labels": catalogue.labels,
    }
    for name, table in tables.items():
        lists = {column: pa.list_(kind) for column, kind in LISTS[name].items()}
        kinds = [lists.get(column, pa.string()) for column in table.columns]
        schema = pa.schema(list(zip(table.columns, kinds, strict=True)))
        pq.write_table(pa.Table.from_pandas(table, schema, preserve_index=False), folder / f"{name}.parquet")


def read_tables(folder: Path, root: Path) -> Catalogue:
    """The catalogue that `write_tables` wrote, of the corpus in `root`.

    Raises:
        UserError: a table is missing or damaged.
    """
    tracks = read_table(folder / "tracks.parquet", "track_id", "genres", "source").set_index("track_id")
    playlists = read_table(folder / "playlists.parquet", "playlist_id", "tracks").set_index("playlist_id")
    labels = read_table(folder / "labels.parquet", "track_id", "task", "tags", "split")
    return Catalogue(root, tracks, playlists, labels)
