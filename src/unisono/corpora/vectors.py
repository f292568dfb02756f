"""Embeddings that you have already, one vector a track or one a window, beside the tables of a folder of your own.

tracks.csv           track_id, genres and so on, as in a folder of music; its column path may be absent
vectors.parquet      track_id, and vector: a list of numbers. Rows of one track stand together: they are its windows
vectors.npy          instead: a matrix, a row a vector; with vectors.txt, the track_id of each row, one a line
playlists/*.m3u8     as in a folder of music; of tracks without a path they hold track_ids
"""

from dataclasses import replace
from pathlib import Path

from unisono.corpora.own.tables import read_own, stand_in
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import rejects_table, require_folder
from unisono.corpora.reading.vector_files import DIMENSIONS, find_vectors, runs_of, vector_rows

MOST_WINDOWS = 100_000
NO_VECTOR, MANY_WINDOWS = "no vector", f"more than {MOST_WINDOWS:,} vectors"


def read(root: Path) -> Catalogue:
    """Read the catalogue of all tracks of tracks.csv that have a vector; the others are rejects.

    A source is "vectors.parquet!FIRST+COUNT": the track's rows in the file. A column `path` says where its audio lies;
    it is empty where that is not known. Tracks that have vectors and that tracks.csv does not list are counted. What
    else is left out, and what is refused: see `read_own`.

    Raises:
        UserError: tracks.csv or the vectors are missing or malformed, or the rows of a track do not stand together.
    """
    require_folder(root, "a folder with tracks.csv, and vectors.parquet or vectors.npy")
    catalogue = read_own(root, paths=False)
    path = find_vectors(root)
    rows = vector_rows(path)
    runs = runs_of(path, rows.track_ids)
    listed = catalogue.tracks.index
    lost = dict.fromkeys(listed.difference(runs.index, sort=False), NO_VECTOR)
    lost |= dict.fromkeys(listed.intersection(runs.index[runs["count"] > MOST_WINDOWS]), MANY_WINDOWS)
    usable = catalogue.of_tracks(listed.difference(list(lost), sort=False))
    places, paths = runs.loc[usable.tracks.index], usable.tracks["source"]
    sources = [f"{path.name}!{first}+{count}" for first, count in zip(places["first"], places["count"], strict=True)]
    return replace(
        usable,
        tracks=usable.tracks.assign(path=paths.where(paths != stand_in(paths.index), ""), source=sources),
        rejects=rejects_table([(track_id, path.name, reason) for track_id, reason in lost.items()]),
        counts={
            **catalogue.counts,
            DIMENSIONS: rows.dim,
            "vectors_of_unknown_tracks": len(runs.index.difference(listed)),
        },
    )
