"""The commands that ask a catalogue, as a user types them."""

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from embedded import TONES, embed_music, embed_vectors, write_tone

import unisono
from unisono.cli.app import main
from unisono.corpora.own.m3u import read_m3u

COMMAND = [sys.executable, "-c", "from unisono.cli.app import main; main()"]


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embed_music(tmp_path_factory.mktemp("music"))


@pytest.fixture
def here(music: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, as the working folder; COLUMNS keeps help from being wrapped anywhere."""
    monkeypatch.chdir(music)
    monkeypatch.setenv("COLUMNS", "200")
    return music


class Said:
    def __init__(self, status: object, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def run(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def unisono_command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["unisono", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return Said(end.value.code, *capsys.readouterr())

    return unisono_command


def rows(said: Said) -> list[list[str]]:
    assert said.status == 0, said.err
    return [line.split("\t") for line in said.out.splitlines()]


def table(answer: pd.DataFrame) -> list[list[str]]:
    """What a pipe gets of an answer."""
    lines = [
        [str(index), *row[:2], "; ".join(row[2]), f"{row[3]:.3f}", *map(str, row[4:])]
        for index, row in zip(answer.index, answer.to_numpy().tolist(), strict=True)
    ]
    return [["track_id", *answer.columns], *lines]


def test_similar(run, here: Path) -> None:
    catalogue = unisono.open_catalogue(here)
    assert rows(run("similar", "c1")) == table(catalogue.similar("c1"))
    assert rows(run("similar", "c1", "Lower", "-k", 2)) == table(catalogue.similar(["c1", "a2"], 2))
    expected = catalogue.similar(["c1"], 3, unlike=["b1", "a1"], together=0.25, same_artist=False)
    options = ("-k", 3, "--unlike", "b1", "--unlike", "music/a/a1.wav", "--together", 0.25, "--not-same-artist")
    assert rows(run("similar", here / "music/c/c1.wav", *options)) == table(expected)


def test_json_is_for_programs(run, here: Path) -> None:
    records = json.loads(run("similar", "c2", "--json").out)
    expected = unisono.open_catalogue(here).similar("c2")
    assert [record["track_id"] for record in records] == expected.index.tolist()
    assert all(record.keys() == {"track_id", "title", "artist", "genres", "similarity"} for record in records)
    first = next(record for record in records if record["track_id"] == "c1")
    assert (first["title"], first["artist"], first["genres"]) == ("High, höher", "Cleo & The 다", ["high"])
    np.testing.assert_allclose([record["similarity"] for record in records], expected["similarity"], atol=1e-6)


def test_artists_path_and_search(run, here: Path) -> None:
    catalogue = unisono.open_catalogue(here)
    answer = catalogue.similar_artists("Ann", together=0.5)
    found = rows(run("artists", "ann", "--together", 0.5))
    assert found[0] == ["artist", "similarity", "tracks", "track_id", "title"]
    assert [row[0] for row in found[1:]] == answer.index.tolist()
    assert [row[3] for row in found[1:]] == answer["track_id"].tolist()
    assert len(rows(run("artists", "Ann", "-k", 1))) == 2
    assert rows(run("path", "a1", "Highest", "-k", 4)) == table(catalogue.path("a1", "c2", 4))
    said = run("search", "something HIGH and calm", "-k", 3)
    assert rows(said) == table(catalogue.search("high, calm", 3)) and said.err == "genres: high, calm\n"


def test_another_project_and_another_corpus(run, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = run("similar", "c1").out
    monkeypatch.chdir(tmp_path)
    assert run("similar", "c1", "--project", here).out == expected
    said = run("similar", "c1", "--project", here, "--corpus", "songs")
    assert said.status == 1 and "has no embeddings of the corpus 'songs'; there are those of catalogue" in said.err


def test_a_playlist_is_continued_by_its_files(run, here: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "mine.m3u8"
    elsewhere = write_tone(tmp_path / "elsewhere.wav", 300)
    playlist.write_text(
        f"#EXTM3U\n#EXTINF:-1,Low\n{here}/music/a/a1.wav\nelsewhere.wav\ngone.ogg\nhttp://radio.example/\n{here}/music\n"
    )
    said = run("continue", playlist, "-k", 3)
    expected = unisono.open_catalogue(here).continue_playlist([here / "music/a/a1.wav", elsewhere], 3)
    assert rows(said) == table(expected)
    assert said.err == f"{playlist}: 3 of its 5 entries are no files here; left out\n"


def test_what_is_written_is_what_a_player_opens(run, here: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(here, tmp_path / "own"))
    out = own / "music/b/new.m3u8"
    said = run("similar", "c1", "--project", own, "-o", out)
    ids = [row[0] for row in rows(said)[1:]]
    assert said.err == f"{out}: 6 tracks\n"
    lines = out.read_bytes().decode("utf-8").splitlines()
    assert lines[0] == "#EXTM3U" and len(lines) == 13
    for number, track_id in enumerate(ids):
        title, artist, _, _ = TONES[track_id]
        assert lines[2 * number + 1] == f"#EXTINF:-1,{artist} - {title}" if title else "#EXTINF:-1,d1"
        here_below = track_id[0] == "b"
        assert lines[2 * number + 2] == (
            f"{track_id}.wav" if here_below else str(own / f"music/{track_id[0]}/{track_id}.wav")
        )
    assert read_m3u(out) == [str(own / f"music/{track_id[0]}/{track_id}.wav") for track_id in ids]
    continued = run("continue", out, "--project", own, "-o", own / "more.m3u8")
    assert [row[0] for row in rows(continued)[1:]] == ["c1"]
    assert (own / "more.m3u8").read_text(encoding="utf-8").splitlines()[1:] == [
        "#EXTINF:-1,Cleo & The 다 - High, höher", "music/c/c1.wav",
    ]  # fmt: skip


def test_a_file_that_is_there_stays_and_the_answer_is_shown_all_the_same(run, tmp_path: Path) -> None:
    (out := tmp_path / "mine.m3u8").write_text("precious")
    said = run("similar", "c1", "-o", out)
    assert said.status == 1 and out.read_text() == "precious"
    assert said.err == f"error: {out}: there is a file already, which stays as it is; name another\n"
    assert len(said.out.splitlines()) == 7
    for name, message in (("no/such/folder.m3u8", "No such file or directory"), ("songs.json", "is an M3U8 file")):
        said = run("path", "a1", "c1", "-o", tmp_path / name)
        assert said.status == 1 and message in said.err and not (tmp_path / name).exists()


def test_mels_are_no_playlist(run, here: Path, tmp_path: Path) -> None:
    tracks = pd.DataFrame(
        {"genres": [[]] * 2, "source": [f"arena_mel_0.tar!0/{n}.npy" for n in (1, 2)]}, index=["1", "2"]
    )
    embed_vectors(tmp_path, tracks, np.eye(2), np.eye(2))
    shutil.copy(here / "params.yaml", tmp_path)
    said = run("similar", "1", "--project", tmp_path, "-o", tmp_path / "out.m3u8")
    assert said.status == 1 and said.out.splitlines()[1] == "2\t\t\t\t0.000"
    assert "2: has no audio file that a player could open, only the mel arena_mel_0.tar!0/2.npy" in said.err
    assert not (tmp_path / "out.m3u8").exists()


@pytest.mark.parametrize("arguments", [[], ["similar"], ["similar", "c1", "-k", "many"], ["nonsense"], ["path", "a1"],
                                       ["continue", "gone.m3u8"], ["search", "low", "--nonsense"]])  # fmt: skip
def test_a_wrong_call_is_explained_with_status_2(run, arguments: list[str]) -> None:
    said = run(*arguments)
    assert said.status == 2 and "Usage: " in said.out + said.err and "Traceback" not in said.err


def test_a_mistake_is_one_line_with_status_1(run) -> None:
    said = run("similar", "lower")
    assert (said.status, said.out) == (1, "")
    assert said.err == "error: the catalogue has no track 'lower'; near are 'Lower', 'Low'; nor is it a file\n"


def test_help_says_what_each_command_does_and_loads_nothing_slow(here: Path) -> None:
    def said(*arguments: str) -> str:
        return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=True).stdout

    overview = said("--help")
    for command, says in (("similar", "most like one track"), ("artists", "most like one"), ("path", "step by step"),
                          ("search", "like genres"), ("continue", "Continue a playlist")):  # fmt: skip
        assert command in overview and says in overview and says in said(command, "--help")
    code = "import sys, unisono.cli.app; print([m for m in ('torch', 'pandas', 'numpy', 'yaml') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_tracks_that_have_vectors_are_compared_without_torch(here: Path) -> None:
    code = "import sys, unisono; unisono.open_catalogue('.').similar('c1', together=0.5); print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_pipe_that_nobody_reads_ends_it_quietly(here: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "similar", "c1"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_a_sentence(here: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device, not a file)
        done = subprocess.run([*COMMAND, "similar", "c1"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: the disk is full") and done.stderr.count("\n") == 1


def test_a_terminal_shows_names_as_they_are(tmp_path: Path) -> None:
    titles = ["[bold]:smile: 다[/bold]", "[1, 2]"]
    tracks = pd.DataFrame(
        {"title": titles, "genres": [["x"], ["[y]", "z"]], "source": ["a.ogg", "b.ogg"]}, index=["a", "b"]
    )
    embed_vectors(tmp_path, tracks, np.eye(2), np.eye(2))
    master, terminal = pty.openpty()
    for track in ("a", "b"):
        subprocess.run([*COMMAND, "similar", track], cwd=tmp_path, stdout=terminal, check=True)
    os.close(terminal)
    shown = os.read(master, 10_000).decode()
    assert "[bold]:smile: 다[/bold]" in shown and "[1, 2]" in shown and "[y]; z" in shown


def test_ctrl_c_ends_it_with_130(here: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    soundfile.write(long, np.random.default_rng(0).normal(size=8000 * 900) / 10, 8000)
    with subprocess.Popen([*COMMAND, "similar", str(long)], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and str(long) not in _opened_by(process.pid):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.communicate()[1] == "" and process.returncode == 130


def _opened_by(pid: int) -> set[str]:
    """The files that a process has open; one that it closes meanwhile is none."""
    opened = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            opened.add(str(descriptor.readlink()))
    return opened
