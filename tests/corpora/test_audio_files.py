"""What somebody means who names files, folders and playlists."""

import os
from pathlib import Path

import pytest

from unisono.corpora.audio_files import find_audio
from unisono.errors import UserError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_of_a_folder_all_audio_below_it_sorted_without_what_is_hidden(tmp_path: Path) -> None:
    touch(
        tmp_path, "b/2.MP3", "b/10.ogg", "a.flac", "c.m4a", "cover.jpg", "notes.txt", "._a.flac", ".trash/x.ogg", "mp3"
    )
    assert find_audio([tmp_path]) == [tmp_path / name for name in ("a.flac", "b/10.ogg", "b/2.MP3", "c.m4a")]


def test_a_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    names = [tmp_path / "song", tmp_path / "none.txt", tmp_path / ".hidden.ogg"]
    assert find_audio(names) == names


def test_a_playlist_is_its_entries(tmp_path: Path) -> None:
    touch(tmp_path, "music/a.ogg", "music/b b.mp3")
    (tmp_path / "list.M3U8").write_text("#EXTM3U\nmusic\\b b.mp3\n\nnone.ogg\nmusic/a.ogg\n")
    assert find_audio([tmp_path / "list.M3U8"]) == [
        tmp_path / "music" / "b b.mp3", tmp_path / "none.ogg", tmp_path / "music" / "a.ogg"
    ]  # fmt: skip


def test_each_file_is_taken_once_however_it_is_spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "music/a.ogg", "music/b.ogg")
    (tmp_path / "list.m3u").write_text("music/a.ogg\n")
    monkeypatch.chdir(tmp_path)
    found = find_audio([Path("music/b.ogg"), Path("list.m3u"), Path("music"), tmp_path / "music"])
    assert found == [Path("music/b.ogg"), tmp_path / "music/a.ogg"]


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.ogg")
    (tmp_path / "again").symlink_to(tmp_path)
    assert find_audio([tmp_path]) == [tmp_path / "a.ogg"]


def test_names_that_are_no_utf_8_are_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.ogg")
    touch(tmp_path, name)
    assert find_audio([tmp_path]) == [tmp_path / name]


def test_no_audio_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(UserError, match=r"no audio there; name files, folders with some below them, or M3U playlists"):
        find_audio([tmp_path])
    with pytest.raises(UserError, match=r"none.m3u: no such file"):
        find_audio([tmp_path / "none.m3u"])
