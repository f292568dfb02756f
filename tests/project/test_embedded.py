"""A catalogue by the vectors of other models than the trained one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from embedded import TONES, embed_music, write_tone

import unisono
from unisono.errors import UserError

IDS = ["c1", "a1", "b1"]
VECTORS_ND = np.array([[1, 0], [0.6, 0.8], [-1, 0]], dtype=np.float32)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones, and somebody's vectors of three of them, in an order of their own."""
    folder = embed_music(tmp_path_factory.mktemp("music"))
    foreign = folder / "data/baselines/catalogue/foreign"
    foreign.mkdir(parents=True)
    pd.DataFrame({"track_id": IDS, "first_window": range(3), "n_windows": 1}).to_parquet(foreign / "index.parquet")
    for name in ("tracks.npy", "windows.npy"):
        np.save(foreign / name, VECTORS_ND)
    (foreign.parent / "factors").mkdir()  # as the pipeline leaves it: no embeddings of every track
    return folder


def test_models_are_those_that_embedded_the_corpus(music: Path) -> None:
    assert unisono.open_catalogue(music).models == ["trained", "foreign"]


def test_vectors_of_some_tracks_are_a_catalogue_of_those(music: Path) -> None:
    foreign = unisono.open_catalogue(music, model="foreign")
    assert foreign.tracks.index.tolist() == IDS
    assert foreign.tracks.loc["a1", "title"] == TONES["a1"][0]
    for together in (0, 0.5, 1):  # there is one vector a track
        answer = foreign.similar("c1", together=together)
        assert answer["similarity"].to_dict() == pytest.approx({"a1": 0.6, "b1": -1.0})


def test_what_only_the_trained_model_can_is_said(music: Path, tmp_path: Path) -> None:
    foreign = unisono.open_catalogue(music, model="foreign")
    with pytest.raises(UserError, match="foreign: no encoder of this project made these vectors"):
        foreign.similar(write_tone(tmp_path / "new.wav", 300))
    with pytest.raises(UserError, match="foreign: was aligned with no genres"):
        foreign.search("low")
    with pytest.raises(UserError, match="no vectors of catalogue by the model 'other'; there are trained, foreign"):
        unisono.open_catalogue(music, model="other")


def test_frames_are_those_that_were_packed(music: Path) -> None:
    frames_TF = unisono.open_catalogue(music).frames_of("b1")
    assert frames_TF.dtype == np.float16
    assert frames_TF.shape[1] == 48
    assert np.ptp(frames_TF) > 0


def test_a_playlist_is_the_tracks_files_with_what_a_player_shows(music: Path) -> None:
    entries = unisono.open_catalogue(music).playlist_of(["d1", "a1"])
    assert entries == [(music / "music/d/d1.wav", "d1"), (music / "music/a/a1.wav", "Ann - Low")]
