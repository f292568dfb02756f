"""A corpus is recognised by what lies in its folder; where that does not tell, what each format has is said."""

from pathlib import Path

import pytest

from unisono.corpora.recognise import FORMATS, recognise
from unisono.errors import UserError

GTZAN = ("train_filtered.txt", "valid_filtered.txt", "test_filtered.txt")


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("format", "names", "because"),
    [
        ("melon", ["song_meta.json", "arena_mel/0/0.npy"], ["song_meta.json", "arena_mel/"]),
        ("melon", ["song_meta.json", "arena_mel_11.tar", "arena_mel_10.tar"], ["song_meta.json", "arena_mel_10.tar"]),
        ("gtzan", [*GTZAN, "genres/blues/x.wav"], [*GTZAN, "genres/"]),
        ("gtzan", [*GTZAN[1:], "rock/x.wav"], [*GTZAN[1:], "rock/"]),
        ("jamendo", ["splits/split-0/autotagging_genre-train.tsv"], ["splits/split-0/autotagging_genre-train.tsv"]),
        ("magnatagatune", ["annotations_final.csv", "f/x.mp3"], ["annotations_final.csv", "f/"]),
        ("folder", ["tracks.csv", "audio/x.mp3", "genres/x", "0/x"], ["tracks.csv"]),
        ("jamendo", ["autotagging_genre-train.tsv", "00/1.mp3", "train.json"], ["autotagging_genre-train.tsv", "00/"]),
    ],
)
def test_what_lies_there_tells(tmp_path: Path, format: str, names: list[str], because: list[str]) -> None:
    touch(tmp_path, *names)
    assert recognise(tmp_path) == (format, because)


def test_where_nothing_tells_all_is_said(tmp_path: Path) -> None:
    touch(tmp_path / "data/mtat", "annotations_final.csv", "0/x.mp3")
    touch(tmp_path / "data", "genres", "0/x")  # a file that is called like a folder
    with pytest.raises(UserError) as error:
        recognise(tmp_path / "data")
    first, *lines, near, init = str(error.value).splitlines()
    assert first.startswith(f"{tmp_path}/data: no corpus that Unisono knows.")
    assert [line.split()[0] for line in lines] == list(FORMATS)
    assert lines[1].endswith("GTZAN): train_filtered.txt, valid_filtered.txt, test_filtered.txt, genres/")
    assert lines[3].endswith("annotations_final.csv, 0/; here is 0/")
    assert near == f"{tmp_path}/data/mtat looks like MagnaTagATune: check that one."
    assert f"`unisono init {tmp_path}/data`" in init
    with pytest.raises(UserError, match=r"data/mtat looks like MagnaTagATune: check that one."):
        recognise(tmp_path / "data/mtat/0")


def test_where_two_fit_both_are_said(tmp_path: Path) -> None:
    touch(tmp_path, *GTZAN, "genres/x", "tracks.csv")
    with pytest.raises(UserError, match=r"may be any of these; say which it is with --format\n  gtzan .*\n  folder "):
        recognise(tmp_path)
