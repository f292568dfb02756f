"""The commands check and init, as a user and as a program see them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from unisono.cli.app import main
from unisono.cli.corpus import Format
from unisono.corpora.recognise import FORMATS

RATE = 8000


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Fifty tracks of a second, half of them with tags, and a playlist."""
    root = tmp_path / "music"
    (root / "deep").mkdir(parents=True)
    for i in range(50):
        with soundfile.SoundFile(root / f"deep/{i:02}.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as file:
            if i % 2:
                file.title, file.artist, file.genre = f"Song {i}", "A", "Rock" if i % 4 == 1 else "Jazz"
            file.write(np.random.default_rng(i).uniform(-0.3, 0.3, RATE))
    (root / "best.m3u").write_text("deep/01.ogg\ndeep/02.ogg\ngone.ogg\n")
    (root / "broken.ogg").write_bytes(b"OggS")
    (root / "other.m4a").touch()
    return root


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["unisono", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_from_a_folder_of_music_to_params(
    music: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "init", music) == 0
    out, err = capsys.readouterr()
    assert "skipped broken.ogg: cannot be opened as audio\n" in err
    assert out.splitlines()[:5] == [
        f"{music}/tracks.csv: 50 tracks, 25 with artist, 0 with album, 25 with genres",
        f"{music}/playlists: 1 playlist copied, 0 there before",
        "  1 entry left out, for want of a file of that name",
        "1 file skipped, as said above",
        "not read: 1 .m4a. Convert them, to FLAC for example, and run this again with tracks.csv moved away",
    ]
    assert f"unisono check {music}" in out
    assert run(monkeypatch, "check", music, "--listen", 4) == 0
    out, _ = capsys.readouterr()
    for line in (
        f"{music} is read as your own music: it has tracks.csv",
        "  50 tracks, 25 with a genre, 50 with a title, 25 with an artist, 0 with an album",
        "  1 artist",
        "  2 genres: Rock (13), Jazz (12)",
        "  1 playlist, with 2 tracks in all",
        "  4 of 4 tracks, evenly spread, can be used",
        "  46 of 50 tracks were not read: what else is unusable, only packing tells",
        f'      corpora.catalogue.root: "{music}"',
        '      report.tag_pair: ["Rock", "Jazz"]',
    ):
        assert line in out.splitlines()
    assert out.splitlines()[-1] == "It can be used."


def test_a_program_reads_json_and_the_exit_status(
    music: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "check", music, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == "" and "no corpus that Unisono knows" in found["stops"][0]
    assert run(monkeypatch, "init", music) == 0
    capsys.readouterr()
    assert run(monkeypatch, "check", music, "--json", "--listen", 1) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["tracks"], found["stops"], len(found["heard"]["tracks"])) == ("folder", 50, [], 1)
    assert found["to_set"]["report.tag_pair"] == ["Rock", "Jazz"]


def test_every_format_can_be_asked_for() -> None:
    assert list(Format) == list(FORMATS)


def test_a_mistake_is_one_line(
    music: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "init", music / "gone") == run(monkeypatch, "check", music / "gone") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[2] for line in lines] == [
        " no such folder; name a folder of music",
        " no such folder; name the folder of a corpus",
    ]
    assert run(monkeypatch, "check", music, "--format", "mp3") == 2


def test_what_cannot_be_used_comes_last(
    music: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (music / "tracks.csv").write_text('track_id,path\n1,"deep/01.ogg\n')
    assert run(monkeypatch, "check", music) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{music} is read as your own music: it has tracks.csv",
        "",
        "It cannot be used as it is:",
        f"  {music}/tracks.csv: malformed CSV at line 2 (unexpected end of data); is a double quote left open?",
    ]
