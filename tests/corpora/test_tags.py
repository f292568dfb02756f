"""Tags of real files, as music players and ID3 of all times write them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from tagged import RATE, flac, mp3, sound

from unisono.corpora.tags import LONGEST, MOST_GENRES, Tags, clean, one_spelling, read_tags, split_genres


def tags(tmp_path: Path, name: str, content: bytes) -> Tags | None:
    (tmp_path / name).write_bytes(content)
    return read_tags(tmp_path / name)


@pytest.mark.parametrize(("suffix", "subtype"), [("flac", None), ("ogg", "VORBIS"), ("ogg", "OPUS"), ("mp3", None)])
def test_what_another_library_wrote_is_read(tmp_path: Path, suffix: str, subtype: str | None) -> None:
    title, artist = ("Grusse", "Bjork") if suffix == "mp3" else ("Grüße 🎸", "Björk")  # it takes ASCII for MP3
    with soundfile.SoundFile(tmp_path / f"x.{suffix}", "w", RATE, 1, subtype=subtype) as file:
        file.title, file.artist, file.album, file.genre = title, artist, 'A "B", C', "Trip-Hop; Art Pop"
        file.write(np.zeros(RATE))
    assert read_tags(tmp_path / f"x.{suffix}") == Tags(title, artist, 'A "B", C', ("Trip-Hop", "Art Pop"))


@pytest.mark.parametrize(
    ("genre", "expected"),
    [
        (b"Rock", ("Rock",)),
        (b"17", ("Rock",)),
        (b"(17)", ("Rock",)),
        (b"(255)", ()),
        (b"Rock\0Indie\x0017", ("Rock", "Indie")),
        (b"62", ("Pop", "Funk")),
        (b"Hip-Hop/Rap; R&B|Soul, Funk \\ rock & roll", ("Hip-Hop", "Rap", "R&B", "Soul", "Funk", "rock & roll")),
        (b" ; ;", ()),
    ],
)
def test_genres_of_id3(tmp_path: Path, genre: bytes, expected: tuple[str, ...]) -> None:
    assert tags(tmp_path, "x.mp3", mp3([("TCON", genre)])) == Tags(genres=expected)


def test_several_comments_of_one_name(tmp_path: Path) -> None:
    content = flac([("GENRE", b"Rock"), ("genre", b"Jazz"), ("ARTIST", b"A"), ("ARTIST", b"B"), ("TITLE", b"T\nU")])
    assert tags(tmp_path, "x.flac", content) == Tags("T U", "A", "", ("Rock", "Jazz"))


def test_an_album_artist_stands_in_for_the_artist(tmp_path: Path) -> None:
    assert tags(tmp_path, "x.flac", flac([("ALBUMARTIST", b"A")])) == Tags(artist="A")


def test_a_file_without_tags_and_tags_that_cannot_be_read(tmp_path: Path) -> None:
    assert tags(tmp_path, "x.wav", sound("WAV")) == Tags()
    assert tags(tmp_path, "y.ogg", sound("WAV")) is None
    assert read_tags(tmp_path / "gone.mp3") is None


def test_wild_tags_are_bounded(tmp_path: Path) -> None:
    many = ";".join(f"g{i}" * 1000 for i in range(1000)).encode()
    found = tags(tmp_path, "x.mp3", mp3([("TIT2", b"x" * 100_000), ("TCON", many)]))
    assert found is not None and len(found.title) == LONGEST and len(found.genres) == MOST_GENRES
    assert clean("a\x1b[2J\x00b\x85\u2028c  d\udcff ") == "a [2J b c d"
    assert clean("👩\u200d👩\u200d👧 می\u200cخواهم") == "👩\u200d👩\u200d👧 می\u200cخواهم"  # joiners are part of words


def test_genres_are_spelled_as_most_files_do() -> None:
    assert one_spelling([("rock",), ("Rock", "jazz"), ("Rock",)]) == [["Rock"], ["Rock", "jazz"], ["Rock"]]
    assert split_genres(["rock; Rock", "ROCK/pop"]) == ["rock", "pop"]
