"""Words as a modality: those of the playlists that hold a track."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import load_vectors
from unisono.modalities.bag import Bag
from unisono.params import Train

TRACKS = "tracks.parquet"  # beside the vectors: columns track_id and words


@dataclass(frozen=True, eq=False)
class Words(Bag):
    """The words of the titles and tags of a track's playlists, the most telling first.

    Attributes:
        words_of: list[str] by track_id; a track of the test part has none.
    """

    name = "word"
    letter = "t"
    in_parts = True  # a song has many words, and somebody who searches says one
    folder = "words"
    columns = ()
    missing = (
        "no training track is in a playlist whose title or tags have a word that is frequent enough (words.least); name"
        " playlists (playlists/*.m3u8: #PLAYLIST: or the file's name; train.json: plylst_title, tags)"
    )

    words_of: pd.Series

    @classmethod
    def load(cls, folder: Path) -> Self:
        table = read_table(folder / TRACKS, "track_id", "words")
        return cls(*load_vectors(folder), table.set_index("track_id")["words"])

    def most(self, train: Train) -> None:
        """All of them: the stage that gathered them has left out those of few playlists."""

    def bags(self, tracks: pd.DataFrame) -> list[list[str]]:
        words_of = self.words_of.to_dict()
        return [words_of.get(track_id, []) for track_id in tracks.index]
