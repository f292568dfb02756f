"""Playlists that we write, as `read_m3u` reads them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.corpora.own.m3u import read_m3u
from unisono.errors import UserError
from unisono.project.m3u import write_m3u

NAMES = [
    "a.ogg", "#1 hit.ogg", " spaces .ogg ", "back\\slash.ogg", "two\nlines.ogg", "next\u2028line.ogg", "tab\t.ogg",
    "100%.ogg", "what?.ogg", "다비치 - 8282.ogg", "file:", "é.ogg", "e\u0301.ogg", "http:", "-.ogg", ".ogg",
    "a;b&c.ogg",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["", "deep/er", "../beside", "#", "file:"])
def test_every_file_is_read_back(tmp_path: Path, folder: str, name: str) -> None:
    (home := tmp_path / "home").mkdir()
    file = Path(os.path.normpath(home / folder / name))
    write_m3u(home / "list.m3u8", [(file, "A - B"), (file, "A - B")])
    assert read_m3u(home / "list.m3u8") == [str(file), str(file)]


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40), st.text())
def test_any_name_is_read_back(tmp_path_factory: pytest.TempPathFactory, name: str, shown: str) -> None:
    path = tmp_path_factory.mktemp("any") / "list.m3u8"
    file = Path(os.path.normpath(path.parent / name / "a.ogg"))
    write_m3u(path, [(file, shown.encode(errors="ignore").decode())])
    assert read_m3u(path) == [str(file)]


def test_files_below_the_playlist_are_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / "music/a.ogg", Path("/elsewhere/b.ogg"), tmp_path.with_name(f"{tmp_path.name}2") / "c.ogg"]
    write_m3u(Path("list.m3u8"), [(file, "A -\n\tB") for file in files])
    info = "#EXTINF:-1,A - B"
    lines = ["#EXTM3U", info, "music/a.ogg", info, "/elsewhere/b.ogg", info, str(files[2])]
    assert Path("list.m3u8").read_bytes() == ("\n".join(lines) + "\n").encode()


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("precious")
    with pytest.raises(UserError, match=r"list\.m3u8: there is a file already, which stays as it is"):
        write_m3u(path, [])
    assert path.read_text() == "precious"
    (tmp_path / "link.m3u8").symlink_to("nowhere")
    with pytest.raises(UserError, match="there is a file already"):
        write_m3u(tmp_path / "link.m3u8", [])


@pytest.mark.parametrize("name", ["list", "list.pls", "list.json"])
def test_a_name_that_no_player_takes_for_a_playlist_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"a playlist is an M3U8 file; give it a name that ends in \.m3u8"):
        write_m3u(tmp_path / name, [])
    assert not list(tmp_path.iterdir())
