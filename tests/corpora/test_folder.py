"""The reader of one's own music: tracks.csv and M3U playlists as players write them."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.corpora import folder
from unisono.corpora.own.m3u import read_m3u
from unisono.errors import UserError

TABLE = """track_id,path,genres,title,artist
7,music/a.ogg,rock; indie;;rock,"Hello, world",Ann; Bob;Ann
x y,music/ü b.mp3,,B,
c,{outside}/c.flac,jazz,C,Bob
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    (root / "playlists" / "deep").mkdir(parents=True)
    (root / "tracks.csv").write_text(TABLE.format(outside=tmp_path / "outside"), encoding="utf-8")
    return root


def test_tracks_keep_their_further_columns(root: Path) -> None:
    tracks = folder.read(root).tracks
    assert tracks.index.tolist() == ["7", "x y", "c"]
    assert tracks["genres"].tolist() == [["rock", "indie"], [], ["jazz"]]
    assert tracks["artists"].tolist() == [["Ann", "Bob"], [], ["Bob"]] and tracks["artist"]["7"] == "Ann; Bob;Ann"
    assert tracks["title"].tolist() == ["Hello, world", "B", "C"]
    assert tracks["source"].tolist()[:2] == ["music/a.ogg", "music/ü b.mp3"]


def test_playlists_as_players_write_them(root: Path, tmp_path: Path) -> None:
    playlists = root / "playlists"
    (playlists / "relative.m3u8").write_bytes(
        "\ufeff#EXTM3U\r\n#Playlist: Rainy Evening \r\n#EXTINF:1,A\r\n../music/a.ogg\r\n\r\n"
        "../music/ü b.mp3\r\n../music/a.ogg\r\n".encode()
    )
    (playlists / "latin.m3u").write_bytes("../music/ü b.mp3\n".encode("latin-1"))
    (playlists / "windows.M3U").write_text("..\\music\\a.ogg\n")
    (playlists / "deep" / "absolute.m3u8").write_text(f"{tmp_path}/outside/c.flac\n../../music/gone.ogg\n")
    (playlists / "address.m3u8").write_text((root / "music" / "ü b.mp3").as_uri() + "\n")
    (playlists / "unknown.m3u8").write_text("http://radio.example/stream\n../music/gone.ogg\n")
    (playlists / "cover.jpg").write_bytes(b"")
    catalogue = folder.read(root)
    assert catalogue.playlists["tracks"].to_dict() == {
        "address": ["x y"],
        "deep/absolute": ["c"],
        "latin": ["x y"],
        "relative": ["7", "x y"],
        "windows": ["7"],
    }
    assert catalogue.playlists["words"].to_dict() == {
        "address": ["address"],
        "deep/absolute": ["absolute"],
        "latin": ["latin"],
        "relative": ["rainy", "evening"],
        "windows": ["windows"],
    }
    assert catalogue.counts == {
        "tracks_without_genre": 1,
        "unknown_playlist_tracks": 3,
        "playlists_without_known_track": 1,
        "unreadable_playlists": 0,
    }


def test_without_playlists_there_are_none(root: Path) -> None:
    assert folder.read(root).playlists.empty


@given(st.binary(max_size=200))
def test_no_playlist_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "wild.m3u"
    path.write_bytes(content)
    assert all(Path(entry).is_absolute() for entry in read_m3u(path))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("track_id,path,genres\n1,a.ogg,\n1,b.ogg,\n2,c.ogg,\n2,d.ogg,\n", "2 ids occur more than once: 1, 2"),
        ("track_id,path,genres\n1,a.ogg,\n2,a.ogg,\n", "1 paths occur more than once: a.ogg"),
        ("id,path,genres\n1,a.ogg,\n", "has no column track_id; found id, path, genres"),
        ("track_id,path,genres\n1,a.ogg,x,y\n", "line 2 has 4 cells, expected 3"),
        ('track_id,path,genres\n1,"a.ogg,x\n', "malformed CSV at line 2"),
        ("track_id,path,genres\n", "lists no track"),
        ("track_id,path,genres\n,a.ogg,\n", "line 2 has an empty track_id; fill it in, or remove the line"),
        ('track_id,path,genres\n1,a.ogg,\n" ",,\n', "line 3 has an empty track_id and path"),
        ("track_id,path,genres,source\n1,a.ogg,,web\n", "has a column source, which is what Unisono calls the path"),
        (
            "track_id,path,artists\n1,a.ogg,A\n",
            "has a column artists, which is what Unisono calls the list of those in",
        ),
        ("track_id,path,genres,\n1,a.ogg,,\n", "column 4 has no name"),
        ("track_id,path,genres\n1,a\0.ogg,\n", "line 2 holds a NUL, so it is not text"),
        (f"track_id,path,genres\n1,a.ogg,{'x' * 200_000}\n", "malformed CSV at line 2 .field larger than"),
        ("track_id,path,genres\n1,a.ogg,\n2,./a.ogg,\n", "the paths of 1 and 2 are one file, a.ogg and ./a.ogg; list"),
        (
            "track_id,path,genres\n1,sub/../a.ogg,\n2,a.ogg,\n",
            "the paths of 1 and 2 are one file, sub/../a.ogg and a",
        ),
        ("", "has no column track_id, path; found an empty file"),
    ],
)
def test_a_wrong_table_is_explained(root: Path, table: str, message: str) -> None:
    (root / "tracks.csv").write_text(table)
    with pytest.raises(UserError, match=rf"tracks.csv: {message}"):
        folder.read(root)


def test_an_absolute_and_a_relative_path_of_one_file_are_found(root: Path) -> None:
    (root / "tracks.csv").write_text(f"track_id,path\n1,a.ogg\n2,{root}/a.ogg\n")
    with pytest.raises(UserError, match=r"tracks.csv: the paths of 1 and 2 are one file, a.ogg and /"):
        folder.read(root)


def test_without_a_column_of_genres_there_are_none(root: Path) -> None:
    (root / "tracks.csv").write_text("track_id,path\n1,a.ogg\n")
    catalogue = folder.read(root)
    assert catalogue.tracks["genres"].to_dict() == {"1": []} and catalogue.counts["tracks_without_genre"] == 1


@pytest.mark.parametrize(
    "content",
    [b"x" * 5000, b"/".join([b"x" * 300] * 30), b"a\0b.ogg", b"file://[", b"file:///a%00b", b"file://[::1/\xff"],
)  # fmt: skip
def test_an_entry_that_no_file_can_have_is_an_unknown_one(root: Path, content: bytes) -> None:
    (root / "playlists" / "odd.m3u8").write_bytes(content + b"\n../music/a.ogg\n")
    catalogue = folder.read(root)
    assert catalogue.playlists["tracks"].to_dict() == {"odd": ["7"]}
    assert catalogue.counts["unknown_playlist_tracks"] == 1


def test_playlists_that_are_no_files_are_counted(root: Path) -> None:
    playlists = root / "playlists"
    (playlists / "folder.m3u8").mkdir()
    (playlists / "folder.m3u8" / "in.m3u").write_text("../../music/a.ogg\n")
    (playlists / "loop").symlink_to(".")
    os.mkfifo(playlists / "pipe.m3u")
    (playlists / "gone.m3u").symlink_to("nowhere")
    (playlists / "self.m3u8").symlink_to("self.m3u8")
    (playlists / "unreadable.m3u").symlink_to("/proc/self/mem")
    catalogue = folder.read(root)
    assert catalogue.playlists["tracks"].to_dict() == {"folder.m3u8/in": ["7"]}
    assert catalogue.counts["unreadable_playlists"] == 4


def test_a_playlist_has_a_name_that_tables_can_hold(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/playlists/\xff.m3u8")).write_text("../music/a.ogg\n")
    assert folder.read(root).playlists.index.tolist() == [r"\xff"]


def test_playlists_that_cannot_be_told_apart_and_a_file_of_that_name(root: Path) -> None:
    for name in ("a.m3u", "a.m3u8"):
        (root / "playlists" / name).touch()
    with pytest.raises(UserError, match=r"playlists: 1 names of playlists .* occur more than once: a"):
        folder.read(root)
    shutil.rmtree(root / "playlists")
    (root / "playlists").touch()
    with pytest.raises(UserError, match=r"playlists: is a file, expected a folder of M3U playlists"):
        folder.read(root)


def test_a_table_that_is_not_utf8_is_explained(root: Path) -> None:
    (root / "tracks.csv").write_bytes("track_id,path,genres\n1,ü.ogg,\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"tracks.csv: not UTF-8 text"):
        folder.read(root)


def test_a_wrong_root_is_explained(root: Path) -> None:
    with pytest.raises(UserError, match=r"no such folder; expected a folder with tracks.csv"):
        folder.read(root / "gone")
    (root / "tracks.csv").unlink()
    with pytest.raises(UserError, match=r"has no tracks.csv; found playlists"):
        folder.read(root)
