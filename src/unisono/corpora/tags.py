"""What audio files say of themselves, as text that every table can hold."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tinytag import TinyTag, TinyTagException

LONGEST, MOST_GENRES = 500, 50  # characters of a title, genres of a track: some tags hold a book
# Control characters, ends of lines, and bytes that are no UTF-8.
UNTEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SEPARATORS = re.compile(r"[;/,|\\\0]")  # of genres, as music servers split them
NUMBER = re.compile(r"\(?\d+\)?")  # a genre by its number that ID3's table does not have


@dataclass(frozen=True)
class Tags:
    """A file's tags; those that it does not have are empty."""

    title: str = ""
    artist: str = ""
    album: str = ""
    genres: tuple[str, ...] = ()


def read_tags(path: Path) -> Tags | None:
    """The tags of an audio file; None where they cannot be read. ID3's genres by number are given by name."""
    try:
        found = TinyTag.get(path, duration=False)
    except (TinyTagException, OSError):
        return None
    return Tags(
        title=clean(found.title or ""),
        artist=clean(found.artist or found.albumartist or ""),
        album=clean(found.album or ""),
        genres=tuple(split_genres([found.genre or "", *found.other.get("genre", [])])),
    )


def clean(text: str) -> str:
    """Text in one line, without control characters, and not too long."""
    return " ".join(UNTEXT.sub(" ", text).split())[:LONGEST].strip()


def split_genres(values: Iterable[str]) -> list[str]:
    """Each genre once: ["Rock; Indie/Pop", "(255)", "indie"] to ["Rock", "Indie", "Pop"]."""
    found: dict[str, str] = {}
    for name in (clean(part) for value in values for part in SEPARATORS.split(value)):
        if name and not NUMBER.fullmatch(name):
            found.setdefault(name.casefold(), name)
    return list(found.values())[:MOST_GENRES]


def one_spelling(genres: list[tuple[str, ...]]) -> list[list[str]]:
    """The genres of many files, those that differ in case alone all written as most files write them."""
    times = Counter(name for names in genres for name in names)
    spelling: dict[str, str] = {}
    for name, _ in times.most_common():
        spelling.setdefault(name.casefold(), name)
    return [[spelling[name.casefold()] for name in names] for names in genres]
