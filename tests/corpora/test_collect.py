"""A folder of music becomes a catalogue that the reader takes, and nothing in it is changed."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagged import flac, mp3, sound

from unisono.corpora import folder as own_music
from unisono.corpora.collect import Collected, collect, track_ids
from unisono.corpora.own.m3u import read_m3u, read_titled_m3u
from unisono.corpora.reading.files import shown
from unisono.errors import UserError


def put(root: Path, name: str, content: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "my music"
    put(
        root, "Björk/Début/01 Human Behaviour.flac", flac([("TITLE", b"Human Behaviour"), ("ARTIST", "Björk".encode())])
    )
    put(root, "Björk/Début/02.mp3", mp3([("TIT2", b'Say "No", No'), ("TPE1", b"B"), ("TALB", b"D"), ("TCON", b"17")]))
    put(root, "no_tags at all.wav", sound("WAV"))
    put(root, "cover.jpg", b"\xff\xd8")
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def rows(found: Collected) -> list[list[str]]:
    return found.tracks.to_numpy().tolist()


def heard(root: Path) -> dict[str, list[str]]:
    """The files that each playlist names, by the reader."""
    catalogue = own_music.read(root)
    sources = catalogue.tracks["source"]
    return {key: [sources[track] for track in tracks] for key, tracks in catalogue.playlists["tracks"].items()}


def test_the_table_holds_what_the_files_say(root: Path) -> None:
    before = files(root)
    found = collect(root)
    assert rows(found) == [
        ["Björk/Début/01_Human_Behaviour", "Björk/Début/01 Human Behaviour.flac", "Human Behaviour", "Björk", "", ""],
        ["Björk/Début/02", "Björk/Début/02.mp3", 'Say "No", No', "B", "D", "Rock"],
        ["no_tags_at_all", "no_tags at all.wav", "no tags at all", "", "", ""],
    ]
    assert (found.skipped, found.untagged, found.links, found.copied, found.ready) == ([], 0, 0, 0, 0)
    tracks = own_music.read(root).tracks
    assert tracks.index.tolist() == found.tracks["track_id"].tolist()
    assert tracks["title"].tolist() == found.tracks["title"].tolist()
    assert tracks["genres"].tolist() == [[], ["Rock"], []]
    after = files(root)
    assert after.keys() - before.keys() == {"tracks.csv"} and before.items() <= after.items()


def test_a_table_is_not_overwritten(root: Path) -> None:
    (root / "tracks.csv").symlink_to("nowhere")
    with pytest.raises(UserError, match=r"tracks.csv: is there already and is not overwritten; `unisono check"):
        collect(root)
    assert (root / "tracks.csv").is_symlink()


def test_what_cannot_be_used_is_skipped_with_its_reason(root: Path) -> None:
    put(root, "empty.mp3", b"")
    put(root, "text.flac", b"no audio at all")
    put(root, "nothing.wav", sound("WAV", seconds=0))
    put(root, "line\nbreak.wav", sound("WAV"))
    put(root, "broken tags.ogg", sound("WAV"))  # no Ogg, but sound
    put(root, "song.m4a", b"x")
    put(root, "song.WMA", b"x")
    put(root, "._song.mp3", b"x")  # as macOS leaves them on other disks
    put(root, ".trash/song.mp3", sound("MP3"))
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.wav")).write_bytes(sound("WAV"))
    os.mkfifo(root / "pipe.mp3")
    (root / "gone.mp3").symlink_to("nowhere")
    found = collect(root)
    assert found.skipped == [
        ("empty.mp3", "empty file"),
        ("line\nbreak.wav", "its name is no UTF-8 or holds control characters; rename it"),
        ("nothing.wav", "zero-length audio"),
        ("text.flac", "cannot be opened as audio"),
        (r"\xff.wav", "its name is no UTF-8 or holds control characters; rename it"),
    ]
    assert found.untagged == 1 and "broken tags" in set(found.tracks["title"]) and len(found.tracks) == 4
    assert found.not_read == {".m4a": 1, ".wma": 1}
    own_music.read(root)


def test_one_file_under_several_names_is_one_track(root: Path) -> None:
    (root / "A favourite.mp3").symlink_to(root / "Björk/Début/02.mp3")
    os.link(root / "no_tags at all.wav", root / "the same.wav")
    (root / "A loop").symlink_to(root)
    (root / "B").symlink_to(root / "Björk")
    put(root, "best.m3u8", b"A favourite.mp3\nthe same.wav\nB/D\xc3\xa9but/02.mp3\n")
    found = collect(root)
    assert found.tracks["path"].tolist() == [
        "Björk/Début/01 Human Behaviour.flac",
        "Björk/Début/02.mp3",
        "no_tags at all.wav",
    ]
    assert found.links == 4
    assert heard(root) == {"best": ["Björk/Début/02.mp3", "no_tags at all.wav"]}


def test_music_elsewhere_is_linked_into_a_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/music").symlink_to(root)
    before = files(root)
    assert len(collect(tmp_path / "new").tracks) == 3
    assert files(root) == before
    assert own_music.read(tmp_path / "new").tracks["source"].iloc[0].startswith("music/")


def test_ids_are_unique_and_need_no_quotes() -> None:
    names = ["a b.mp3", "a&b.mp3", "a_b.flac", "x.mp3", "x.ogg", "-rf $(x).wav", "e\u0301 हिन्दी/日本.opus", "q.mp3"]
    ids = track_ids(names)
    assert ids[3:] == ["x.mp3", "x.ogg", "_rf_x_", "é_हिन्दी/日本", "q"]
    assert ids[0].startswith("a_b.mp3-") and ids[1].startswith("a_b.mp3-") and ids[2] == "a_b.flac"
    assert len(set(ids)) == len(ids)
    assert track_ids(names[::-1]) == ids[::-1]


def test_playlists_come_with_the_same_files(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "elsewhere.wav", sound("WAV"))
    put(
        root,
        "Björk/best.m3u",
        "#EXTM3U\r\n#PLAYLIST:Best of Björk\r\n#EXTINF:1,x\r\nDébut\\02.mp3\r\n../no_tags at all.wav\r\nhttp://radio/x\r\ngone.mp3\r\n".encode(),
    )
    put(root, "all.m3u8", f"{root}/Björk/Début/02.mp3\n{tmp_path}/elsewhere.wav\n".encode())
    put(root, "all.m3u", "Björk/Début/01 Human Behaviour.flac\n".encode("latin-1"))
    put(root, "stale.m3u", b"gone.mp3\nalso.mp3\n")
    put(root, "playlists/mine.m3u8", b"../no_tags at all.wav\n")
    before = files(root)
    found = collect(root)
    assert heard(root) == {
        "Björk/best": ["Björk/Début/02.mp3", "no_tags at all.wav"],
        "all": ["Björk/Début/01 Human Behaviour.flac"],
        "all-2": ["Björk/Début/02.mp3"],
        "mine": ["no_tags at all.wav"],
    }
    assert (found.copied, found.ready, found.gone) == (3, 1, 4)
    assert found.skipped == [("stale.m3u", "none of its 2 entries names a file")]
    assert read_titled_m3u(root / "playlists/Björk/best.m3u8")[1] == "Best of Björk"
    copied = read_m3u(root / "playlists/all-2.m3u8")
    assert copied == [f"{root}/Björk/Début/02.mp3", f"{tmp_path}/elsewhere.wav"]
    assert before.items() <= files(root).items()


def test_a_second_time_it_finds_its_copies(root: Path) -> None:
    put(root, "a.m3u", b"no_tags at all.wav\n")
    put(root, "a.m3u8", b"Bj\xc3\xb6rk/D\xc3\xa9but/02.mp3\n")
    collect(root)
    (root / "tracks.csv").unlink()
    before = files(root)
    found = collect(root)
    assert (found.copied, found.ready) == (0, 2)
    assert {name: content for name, content in files(root).items() if name != "tracks.csv"} == before


def test_a_playlist_is_not_overwritten(root: Path) -> None:
    put(root, "best.m3u", b"no_tags at all.wav\n")
    put(root, "playlists/best.m3u", b"#mine\n")
    with pytest.raises(UserError, match=r"playlists/best.m3u: is there already and is not overwritten; but a playlist"):
        collect(root)
    assert not (root / "tracks.csv").exists() and (root / "playlists/best.m3u").read_bytes() == b"#mine\n"
    (root / "playlists/best.m3u").unlink()
    (root / "playlists/best.m3u8").symlink_to("nowhere")
    with pytest.raises(UserError, match=r"playlists/best.m3u8: is there already and is not overwritten; rename it"):
        collect(root)


def test_what_is_in_the_way_of_playlists_is_said(root: Path) -> None:
    put(root, "rock/best.m3u", b"../no_tags at all.wav\n")
    put(root, "playlists/rock", b"a file")
    before = files(root)
    with pytest.raises(UserError, match=r"playlists/rock/best.m3u8: cannot be written .*ln -s MUSIC NEW/music"):
        collect(root)
    assert files(root) == before
    shutil.rmtree(root / "playlists")
    put(root, "playlists", b"a file")
    with pytest.raises(UserError, match=r"playlists: is a file, but the folder of playlists is to be called so"):
        collect(root)
    (root / "playlists").unlink()
    put(root, "playlists/a.m3u", b"")
    put(root, "playlists/a.m3u8", b"")
    with pytest.raises(UserError, match=r"playlists: 1 names of playlists .* occur more than once: playlists/a"):
        collect(root)


def test_folders_without_music_are_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such folder; name a folder of music"):
        collect(tmp_path / "gone")
    put(tmp_path, "x.m4a", b"x")
    put(tmp_path, "x.mp3", b"")
    with pytest.raises(UserError, match=r"is a file; name a folder of music"):
        collect(tmp_path / "x.mp3")
    with pytest.raises(UserError, match=r"no audio file that can be read .*; found 1 that cannot be used, 1 .m4a"):
        collect(tmp_path)
    assert files(tmp_path).keys() == {"x.m4a", "x.mp3"}


TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["=1+1", '"', "a,b", "a\r\nb", "\0", "🎸;🎷", "NA", "null"]
)
NAME = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & set(b"/\0") and name not in (b".", b".."))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(NAME, TEXT, TEXT, TEXT), min_size=1, max_size=5), st.lists(NAME, max_size=2), st.data())
def test_whatever_tags_and_names_hold_the_reader_takes_it(
    tmp_path_factory: pytest.TempPathFactory,
    tracks: list[tuple[bytes, str, str, str]],
    lists: list[bytes],
    data: st.DataObject,
) -> None:
    root = tmp_path_factory.mktemp("wild")
    put(root, "a.wav", sound("WAV"))
    for name, *texts in tracks:
        values = [text.encode(errors="surrogatepass") for text in texts]
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name + b".flac"))
        path.write_bytes(flac(zip(("TITLE", "ARTIST", "GENRE"), values, strict=True)))
    for name in lists:
        entries = data.draw(
            st.lists(st.sampled_from([b"a.wav", *(track[0] + b".flac" for track in tracks)]), max_size=4)
        )
        Path(os.fsdecode(os.fsencode(root) + b"/" + name + b".m3u8")).write_bytes(b"\n".join(entries))
    found = collect(root)
    catalogue = own_music.read(root)
    assert catalogue.tracks.index.tolist() == found.tracks["track_id"].tolist()
    assert catalogue.tracks["title"].tolist() == found.tracks["title"].tolist()
    assert all((root / source).is_file() for source in catalogue.tracks["source"])
    assert all(genres == [genre.strip() for genre in genres] for genres in catalogue.tracks["genres"])
    expected = {}
    for name in lists:
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name + b".m3u8"))
        known = [os.path.relpath(entry, root) for entry in read_m3u(path)]
        if (named := [entry for entry in dict.fromkeys(known) if entry in set(found.tracks["path"])]) and name[
            :1
        ] != b".":
            expected[shown(path.stem)] = named
    assert heard(root) == expected
    shutil.rmtree(root)
