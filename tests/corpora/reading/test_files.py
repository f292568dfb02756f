"""Files that are none, or cannot be read: every reader says so, and none waits for a pipe."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from unisono.corpora.reading.files import require_files
from unisono.corpora.reading.registry import read_catalogue
from unisono.errors import UserError

FILES = {
    "folder": ["tracks.csv"],
    "gtzan": ["train_filtered.txt", "valid_filtered.txt", "test_filtered.txt"],
    "jamendo": ["autotagging_genre-train.tsv"],
    "magnatagatune": ["annotations_final.csv"],
    "melon": ["genre_gn_all.json", "song_meta.json", "train.json", "val.json", "test.json"],
}
KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "is a folder, expected a file"),
    "pipe": (os.mkfifo, "is a link to nothing, a pipe or a device, expected a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a link to nothing, a pipe or a device, expected a file"),
    "broken": (lambda path: path.symlink_to("gone"), "is a link to nothing, a pipe or a device, expected a file"),
    "itself": (lambda path: path.symlink_to(path.name), "is a link to nothing, a pipe or a device, expected a file"),
    "unreadable": (lambda path: path.symlink_to("/proc/self/mem"), r"cannot be read \(Input/output error\)"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", FILES)
def test_what_is_no_readable_file_is_named(tmp_path: Path, format: str, kind: str) -> None:
    make, message = KINDS[kind]
    first, *more = FILES[format]
    make(tmp_path / first)
    for name in more:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=rf"{first}: {message}"):
        read_catalogue(format, tmp_path)


def test_what_is_missing_is_listed_with_what_is_there(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).touch()
    with pytest.raises(UserError, match=r"has no tracks.csv; found .xff.csv. Copy the missing files there"):
        require_files(tmp_path, ["tracks.csv"])
