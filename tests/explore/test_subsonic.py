"""OpenSubsonic's sonicSimilarity: the catalogue's answers in its form."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import unisono


def ask(page: TestClient, endpoint: str, **query: Any) -> dict[str, Any]:
    client = {"u": "me", "t": "token", "s": "salt", "v": "1.16.1", "c": "test", "f": "json"}
    answer = page.get(f"/rest/{endpoint}", params=client | query)
    assert answer.status_code == 200
    body = answer.json()["subsonic-response"]
    assert (body["version"], body["type"], body["openSubsonic"]) == ("1.16.1", "unisono", True)
    return body


@pytest.mark.parametrize("view", ["", ".view"])
def test_similar_songs_are_the_catalogues_with_similarities_from_0_to_1(
    page: TestClient, music: Path, view: str
) -> None:
    body = ask(page, f"getSonicSimilarTracks{view}", id="a1", count=4)
    expected = unisono.open_catalogue(music).similar("a1", 4)
    assert body["status"] == "ok"
    assert [match["entry"]["id"] for match in body["sonicMatch"]] == expected.index.tolist()
    similarities = [match["similarity"] for match in body["sonicMatch"]]
    assert similarities == pytest.approx(((1 + expected["similarity"]) / 2).tolist(), abs=1e-6)
    assert all(0 <= similarity <= 1 for similarity in similarities)


def test_a_song_has_what_is_known_of_it(page: TestClient) -> None:
    matches = ask(page, "getSonicSimilarTracks", id="c2", count=10)["sonicMatch"]
    songs = {match["entry"]["id"]: match["entry"] for match in matches}
    kind = {"isDir": False, "isVideo": False, "type": "music"}
    calm = {"genre": "low", "genres": [{"name": "low"}, {"name": "calm"}]}
    assert songs["a1"] == {"id": "a1", "title": "Low", "artist": "Ann"} | kind | calm
    assert songs["d1"] == {"id": "d1", "title": "d1"} | kind


@pytest.mark.parametrize("view", ["", ".view"])
def test_a_path_begins_and_ends_with_its_songs(page: TestClient, view: str) -> None:
    matches = ask(page, f"findSonicPath{view}", startSongId="a2", endSongId="c2", count=4)["sonicMatch"]
    assert len(matches) == 4
    assert (matches[0]["entry"]["id"], matches[-1]["entry"]["id"]) == ("a2", "c2")
    assert matches[0]["similarity"] == pytest.approx(1)


def test_what_cannot_be_answered_is_an_error_of_subsonics(page: TestClient, music: Path) -> None:
    for song in ("gone", "Low", str(music / "music/a/a1.wav")):
        body = ask(page, "getSonicSimilarTracks", id=song)
        assert (body["status"], body["error"]["code"]) == ("failed", 70)
        assert ask(page, "findSonicPath", startSongId="a1", endSongId=song)["error"]["code"] == 70
    assert ask(page, "findSonicPath", startSongId="a1", endSongId="a1")["error"]["code"] == 0


def test_wrong_parameters_are_errors_of_subsonics(page: TestClient) -> None:
    assert ask(page, "getSonicSimilarTracks")["error"]["code"] == 10
    assert ask(page, "findSonicPath.view", startSongId="a1")["error"]["code"] == 10
    wrong = ask(page, "getSonicSimilarTracks", id="a1", count="many")
    assert (wrong["status"], wrong["error"]["code"]) == ("failed", 0) and "query.count" in wrong["error"]["message"]


@pytest.mark.parametrize(("count", "songs"), [(0, 0), (2, 2), (10_000, 6)])
def test_a_count_is_what_is_wanted_at_most(page: TestClient, count: int, songs: int) -> None:
    assert len(ask(page, "getSonicSimilarTracks", id="a1", count=count)["sonicMatch"]) == songs
    assert len(ask(page, "findSonicPath", startSongId="a1", endSongId="c2", count=10_000)["sonicMatch"]) == 7


def test_the_extension_is_announced(page: TestClient) -> None:
    assert ask(page, "ping")["status"] == "ok"
    extensions = ask(page, "getOpenSubsonicExtensions.view")["openSubsonicExtensions"]
    assert extensions == [{"name": "sonicSimilarity", "versions": [1]}]
