"""The API's answers are those of the catalogue, which is opened as anybody may open it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from embedded import TONES, write_tone
from explored import HOSTILE, PAGE
from starlette.testclient import TestClient

import unisono
from unisono.corpora.own.m3u import read_m3u
from unisono.errors import UserError
from unisono.explore.music import Music
from unisono.explore.server import create_app
from unisono.project.catalogue import OpenCatalogue


@pytest.fixture
def catalogue(music: Path) -> OpenCatalogue:
    return unisono.open_catalogue(music)


def assert_same(tracks: list[dict], expected: pd.DataFrame) -> None:
    assert [track["id"] for track in tracks] == expected.index.tolist()
    for track, (_, row) in zip(tracks, expected.iterrows(), strict=True):
        assert (track["title"], track["artist"], track["genres"]) == (row["title"], row["artist"], row["genres"])
        assert track["similarity"] == pytest.approx(row["similarity"], abs=1e-6)


def test_answers_are_the_catalogues(page: TestClient, catalogue: OpenCatalogue) -> None:
    similar = page.get("/api/similar", params={"track": ["a1", "b1"], "unlike": "c1", "k": 3, "together": 0.5})
    assert_same(similar.json()["tracks"], catalogue.similar(["a1", "b1"], 3, unlike="c1", together=0.5))
    path = page.get("/api/path", params={"from": "a1", "to": "c2", "k": 4})
    assert_same(path.json()["tracks"], catalogue.path("a1", "c2", 4))
    more = page.post("/api/continue", params={"k": 4, "together": 0.2}, json={"tracks": ["a1", "a2"]}).json()["tracks"]
    assert_same(more, catalogue.continue_playlist(["a1", "a2"], 4, together=0.2))
    assert all(track["votes"] >= 1 for track in more)


def test_a_file_is_compared_as_the_catalogue_compares_it(
    page: TestClient, catalogue: OpenCatalogue, music: Path, tmp_path: Path
) -> None:
    file = write_tone(tmp_path / "new.wav", 500)
    found = page.post("/api/similar", params={"k": 3, "together": 0.5}, content=file.read_bytes()).json()["tracks"]
    assert_same(found, catalogue.similar(file, 3, together=0.5))
    vector = page.post("/api/embed", content=file.read_bytes()).json()["vector"]
    np.testing.assert_allclose(vector, unisono.load(music / "data/models/trained").embed(file)[0], rtol=1e-6)


def test_search_finds_names_however_written_and_what_sounds_like_genres(
    page: TestClient, catalogue: OpenCatalogue
) -> None:
    by_name = page.get("/api/search", params={"q": "HÖHER"}).json()
    assert [track["id"] for track in by_name["called"]] == ["c1"]
    assert by_name["sounds"] == [] and "names no genre" in by_name["detail"]
    by_genre = page.get("/api/search", params={"q": "low, calm", "k": 3}).json()
    assert by_genre["named"] == ["low", "calm"]
    assert_same(by_genre["sounds"], catalogue.search("low, calm", 3))
    assert page.get("/api/search", params={"q": " "}).json()["called"] == []


def test_the_map_has_a_place_and_a_colour_for_each_track(page: TestClient) -> None:
    places, tracks = page.get("/api/map").json(), page.get("/api/tracks").json()
    assert tracks["id"] == list(TONES)
    assert tracks["title"] == [title for title, *_ in TONES.values()]
    assert len(places["x"]) == len(places["y"]) == len(TONES)
    assert max(map(abs, places["x"] + places["y"])) <= 1
    assert places["genres"] == ["calm", "high", "low", "middle", "other"]
    coloured = [places["genres"][number] for number in places["colour"]]
    for genre, track_genres in zip(coloured, tracks["genres"], strict=True):
        assert genre in track_genres or (genre == "other" and not track_genres)


def test_a_track_is_played_from_anywhere_in_it(page: TestClient, music: Path) -> None:
    wave = (music / "music/a/a1.wav").read_bytes()
    part = page.get("/audio/a1", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, wave[100:200])
    assert page.get("/audio/a1").content == wave
    assert page.get("/api/models").json() == {"corpus": "catalogue", "models": ["trained"], "plays": True}


def test_a_track_has_a_picture(page: TestClient) -> None:
    answer = page.get("/mel/a1")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_a_playlist_is_read_back_by_players(page: TestClient, music: Path, tmp_path: Path) -> None:
    answer = page.post("/api/m3u", json={"tracks": ["c1", "a2"]})
    assert "#EXTINF:-1,Cleo & The 다 - High, höher" in answer.text
    playlist = tmp_path / "list.m3u8"
    playlist.write_bytes(answer.content)
    assert [Path(entry) for entry in read_m3u(playlist)] == [music / "music/c/c1.wav", music / "music/a/a2.wav"]


def test_names_stay_the_text_that_they_are(hostile: TestClient) -> None:
    assert hostile.get("/api/tracks").headers["content-type"] == "application/json"
    tracks = hostile.get("/api/tracks").json()
    assert tracks["title"] == [title for title, *_ in HOSTILE.values()]
    answer = hostile.get("/api/similar", params={"track": "<script>"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


def test_another_model_is_asked_by_its_name(hostile_folder: Path, tmp_path: Path) -> None:
    project = shutil.copytree(hostile_folder, tmp_path / "project", symlinks=True)
    untrained = project / "data/baselines/catalogue/untrained"
    shutil.copytree(project / "data/embeddings/catalogue/trained", untrained)
    vectors_ND = np.random.default_rng(7).normal(size=(len(HOSTILE), 3)).astype(np.float32)
    for name in ("tracks.npy", "windows.npy"):
        np.save(untrained / name, vectors_ND)
    with TestClient(create_app(Music(project, "catalogue")), base_url=PAGE) as page:
        assert page.get("/api/models").json()["models"] == ["trained", "untrained"]
        asked = {"model": "untrained"}
        found = page.get("/api/similar", params={"track": "link", "together": 0.3} | asked).json()["tracks"]
        assert_same(found, unisono.open_catalogue(project, model="untrained").similar("link", 20))
        assert len(page.get("/api/map", params=asked).json()["x"]) == len(HOSTILE)
        assert "ask the trained model" in page.get("/api/search", params={"q": "rock"} | asked).json()["detail"]
        assert page.get("/api/map", params={"model": "../trained"}).status_code == 404


def test_a_corpus_that_was_not_embedded_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no embeddings of the corpus 'catalogue'"):
        Music(tmp_path, "catalogue")
