"""Nobody but the page itself may ask, and nothing but the catalogue's audio can be had."""

import asyncio
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from explored import HOSTILE, SECRET, served
from fastapi import HTTPException
from starlette.testclient import TestClient
from starlette.types import Message

from unisono.explore import guard, server
from unisono.explore.guard import bounded


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:80:80",
        "0.0.0.0:8765",
        "",
        "[::1]",
        "127.0.0.1:8765@evil.example",
        "127.0.0.1:",
        "evil.example@127.0.0.1:8765",
    ],
)
def test_other_names_of_this_machine_are_refused(page: TestClient, host: str) -> None:
    for path in ("/", "/api/map", "/openapi.json"):
        assert page.get(path, headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "http://localhost:8765"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused(page: TestClient, headers: dict[str, str]) -> None:
    assert page.get("/api/search?q=low", headers=headers).status_code == 403
    assert page.post("/api/continue", json={"tracks": ["a1"]}, headers=headers).status_code == 403
    answer = page.options("/api/continue", headers=headers | {"access-control-request-method": "POST"})
    assert answer.status_code == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "localhost"])
def test_the_page_itself_and_programs_are_answered(page: TestClient, host: str) -> None:
    own = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert page.get("/api/models", headers=own).status_code == 200
    assert page.get("/", headers={"host": host, "sec-fetch-site": "none"}).status_code == 200
    assert page.get("/api/models", headers={"host": host}).status_code == 200


def test_every_answer_forbids_what_a_page_might_be_talked_into(page: TestClient) -> None:
    for path in ("/", "/main.js", "/docs", "/docs/", "/api/models", "/nothing", "/api/similar"):
        headers = page.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    assert page.get("/", headers={"host": "evil.example"}).headers["x-content-type-options"] == "nosniff"


CLIMBS = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "..%5csecret.txt",
    "..%c0%afsecret.txt",
    "....//secret.txt",
    "..;/secret.txt",
    "%00",
    "tone.wav%00.txt",
    "music/../secret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "file:///etc/passwd",
    "music/tone.wav",
    "tone.wav",
    "link.wav",
    ".",
    "..",
    "",
    "%ff%fe",
    "x" * 5000,
]


def ask(port: int, path: str) -> tuple[int, bytes, str | None]:
    """Status, body and media type of a path, which is sent as it is: clients of higher levels mend it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    try:
        return answer.status, answer.read(), answer.headers["content-type"]
    finally:
        connection.close()


def test_nothing_but_the_catalogue_can_be_had(hostile_folder: Path) -> None:
    secret = quote(str(hostile_folder / "secret.txt"), safe="")
    climbs = CLIMBS + [climb.replace("secret.txt", secret) for climb in CLIMBS if "secret" in climb]
    with served(hostile_folder) as port:
        home = ask(port, "/")[1]
        for under in ("/audio/", "/mel/", "/", "/vendor/", "/api/", "//", "/./"):
            for climb in climbs:
                status, body, _ = ask(port, under + climb)
                assert status in (307, 400, 404, 405) or body == home, under + climb
                assert SECRET.encode() not in body and b"root:" not in body


@pytest.mark.parametrize(
    "route", ["/api/similar?track={}", "/api/path?from={}&to=link", "/api/similar?track=link&unlike={}"]
)
def test_a_track_is_named_by_its_id_never_by_a_file_or_title(
    hostile: TestClient, hostile_folder: Path, route: str
) -> None:
    for name in (str(hostile_folder / "music/tone.wav"), "/etc/passwd", "A folder", ""):
        answer = hostile.get(route.format(quote(name, safe="")))
        assert answer.status_code == 404
        assert "the catalogue has no track" in answer.json()["detail"]
    for name in (str(hostile_folder / "music/tone.wav"), "A folder"):
        for action in ("continue", "m3u"):
            assert hostile.post(f"/api/{action}", json={"tracks": ["link", name]}).status_code == 404


def test_audio_is_what_the_catalogue_names_and_is_audio(hostile_folder: Path) -> None:
    with served(hostile_folder) as port:
        answers = {track: ask(port, f"/audio/{quote(track, safe='')}") for track in HOSTILE}
    assert {track: status for track, (status, *_) in answers.items()} == {
        "../../secret": 200,
        "a/b?c#d": 200,
        "%2e%2e%2fsecret": 415,
        "link": 415,
        "gone": 400,
        "folder": 400,
    }
    assert answers["../../secret"][1:] == ((hostile_folder / "music/tone.wav").read_bytes(), "audio/wav")
    assert all(SECRET.encode() not in body for _, body, _ in answers.values())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"tracks": []}',
        b'{"tracks": [1]}',
        b'{"tracks": "a1"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1e999",
        b"NaN",
    ],
)
def test_what_is_no_playlist_is_refused(page: TestClient, body: bytes) -> None:
    answer = page.post("/api/continue", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("query", ["k=0", "k=201", "k=x", "k=1e9", "together=2", "together=nan", "model=" + "x" * 201])
def test_what_is_out_of_range_is_refused(page: TestClient, query: str) -> None:
    assert page.get(f"/api/similar?track=a1&{query}").status_code == 422


def test_large_bodies_are_refused(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_BODY", 1000)
    monkeypatch.setattr(guard, "MAX_UPLOAD", 2000)
    assert page.post("/api/continue", json={"tracks": ["x" * 1000]}).status_code == 413
    assert page.post("/api/similar", content=b"x" * 2001).status_code == 413
    assert page.post("/api/similar", content=iter([b"x" * 1500] * 100)).status_code == 413
    assert page.post("/api/similar", content=b"x" * 1999).status_code == 400  # small enough, and no audio


@pytest.mark.parametrize("declared", [str((64 << 20) + 1), "9" * 19])
def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(music: Path, declared: str) -> None:
    with served(music) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.putrequest("POST", "/api/embed")
        connection.putheader("content-length", declared)
        connection.endheaders()  # and no body
        answer = connection.getresponse()
        assert answer.status == 413 and b"the body is over 67,108,864 bytes" in answer.read()
        connection.close()


def test_uploads_leave_nothing_behind(page: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server.tempfile, "tempdir", str(tmp_path))
    answer = page.post("/api/similar", content=b"RIFF no audio")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("the file: ")
    assert str(tmp_path) not in answer.text
    monkeypatch.setattr(guard, "MAX_UPLOAD", 10)
    assert page.post("/api/embed", content=b"x" * 11).status_code == 413
    assert not list(tmp_path.iterdir())


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(HTTPException) as caught:
        asyncio.run(bounded(never, 10, seconds=0.01)())  # type: ignore[arg-type]  # a coroutine
    assert caught.value.status_code == 408
