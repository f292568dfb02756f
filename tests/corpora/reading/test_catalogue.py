"""A catalogue as tables on disk, and the formats that make one."""

from importlib import import_module
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from unisono.corpora.reading.catalogue import Catalogue, empty, read_tables, write_tables
from unisono.params import CorpusParams


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    tracks = pd.DataFrame(
        {
            "genres": [["rock", "größer"], []],
            "artists": [["Ann", "Bob"], []],
            "source": ["a.ogg", "t.tar!b.npy"],
            "mood": ["happy", ""],
        },
        index=pd.Index(["1", "b"], name="track_id"),
    )
    playlists = pd.DataFrame(
        {"tracks": [["b", "1", "b"]], "words": [["비", "rainy day"]]}, index=pd.Index(["p"], name="playlist_id")
    )
    labels = pd.DataFrame({"track_id": ["1"], "task": ["genre"], "tags": [["x"]], "split": ["test"]})
    write_tables(Catalogue(tmp_path, tracks, playlists, labels), tmp_path)
    back = read_tables(tmp_path, tmp_path / "root")
    assert back.root == tmp_path / "root"
    for found, expected in ((back.tracks, tracks), (back.playlists, playlists), (back.labels, labels)):
        assert list(found.columns) == list(expected.columns) and list(found.index) == list(expected.index)
        for column in expected:
            assert list(map(plain, found[column])) == list(expected[column])


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    write_tables(Catalogue(tmp_path, empty("genres", "source", index="track_id")), tmp_path)
    back = read_tables(tmp_path, tmp_path)
    assert list(back.tracks.columns) == ["genres", "source"] and back.tracks.empty
    assert list(back.labels.columns) == ["track_id", "task", "tags", "split"] and back.playlists.empty


def test_each_format_that_params_may_name_has_a_reader() -> None:
    for format in get_args(CorpusParams.model_fields["format"].annotation):
        assert callable(import_module(f"unisono.corpora.{format}").read)


def plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value
