"""A catalogue of your own from a folder of music: tracks.csv from the files' own tags, and copies of its playlists.

What the folder holds is neither changed nor overwritten.
"""

import contextlib
import hashlib
import itertools
import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd
import soundfile
from tqdm import tqdm

from unisono.corpora.audio_files import DECODED, M3U, NOT_DECODED
from unisono.corpora.own.m3u import TITLE, read_titled_m3u
from unisono.corpora.reading.files import read_bytes, refuse_duplicates, shown
from unisono.corpora.reading.inventory import take_inventory
from unisono.corpora.tags import UNTEXT, Tags, clean, one_spelling, read_tags
from unisono.errors import UserError

TRACKS, PLAYLISTS, UNFINISHED = "tracks.csv", "playlists", ".unisono-unfinished"

UNSAFE = re.compile(r"(?:[^\w/.+\u00a0-\U0010ffff-]|\s)+")  # what a shell would have to quote

File = tuple[int, int]  # device and inode


@dataclass(frozen=True)
class Collected:
    """What `collect` wrote, and what it left out.

    Attributes:
        tracks: the table that it wrote: columns track_id, path, title, artist, album and genres, joined by ';'.
        untagged: how many of them have tags that cannot be read.
        links: further names of tracks, by links.
        skipped: files that are no tracks, and playlists that are none, each with the reason.
        not_read: how many audio files are of formats that are not read, by suffix.
        copied: how many playlists were copied into the folder of playlists.
        ready: how many lay there already.
        gone: entries that the copies do not have, for they name no file.
    """

    tracks: pd.DataFrame
    untagged: int
    links: int
    skipped: list[tuple[str, str]]
    not_read: dict[str, int]
    copied: int
    ready: int
    gone: int


def collect(folder: Path) -> Collected:
    """Write tracks.csv, with a row for each audio file below `folder`, and copy its playlists into playlists/.

    Hidden files are left out. A file that lies there under several names, by links, is one track. Playlists in
    playlists/ stay as they are; the copies of others name the same files from where they lie.

    Raises:
        UserError: there is no such folder, or no music in it, it cannot be written to, or what would be written is
            there already.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: {'is a file' if folder.exists() else 'no such folder'}; name a folder of music")
    _refuse_to_overwrite(folder)
    files = take_inventory(folder)
    names = [name for name in files["name"] if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    audio = [name for name in names if _suffix(name) in DECODED]
    not_read = Counter(suffix for name in names if (suffix := _suffix(name)) in NOT_DECODED)
    name_of = _one_name_a_file(folder, audio)

    links = len(audio) - len(name_of)
    read, skipped = _read_files(folder, sorted(name_of.values()), set(files["name"][files["size"] == 0]))
    if not read:
        raise UserError(_no_music(folder, len(skipped), not_read))
    name_of = {file: name for file, name in name_of.items() if name in read}
    inside = [name for name in files["name"] if PurePosixPath(name).parts[0] == PLAYLISTS and _suffix(name) in M3U]
    others = [name for name in names if name not in inside and _suffix(name) in M3U]
    lists = _rewritten(folder, others, name_of)
    copies = _not_yet_there(folder, lists.contents, inside)
    tracks = _table(read)

    for name, content in copies.items():
        _write(folder / name, content)
    _write(folder / TRACKS, tracks.to_csv(index=False))
    return Collected(
        tracks=tracks,
        untagged=sum(tags is None for tags in read.values()),
        links=links,
        skipped=[(shown(name), reason) for name, reason in sorted((skipped | lists.unusable).items())],
        not_read=dict(not_read.most_common()),
        copied=len(copies),
        ready=len(inside),
        gone=lists.gone,
    )


def _refuse_to_overwrite(folder: Path) -> None:
    table, playlists = folder / TRACKS, folder / PLAYLISTS
    if os.path.lexists(table):
        raise UserError(
            f"{table}: is there already and is not overwritten; `unisono check {folder}` says what it is worth."
            " To have it written anew, move it away"
        )
    if os.path.lexists(playlists) and not playlists.is_dir():
        raise UserError(f"{playlists}: is a file, but the folder of playlists is to be called so; rename the file")


def _no_music(folder: Path, skipped: int, not_read: Counter[str]) -> str:
    found = [f"{skipped} that cannot be used"] * bool(skipped) + [f"{n} {suffix}" for suffix, n in not_read.items()]
    return (
        f"{folder}: holds no audio file that can be read (WAV, FLAC, Ogg Vorbis, Opus, MP3, ...); found"
        f" {', '.join(found) or 'none'}. Name a folder of music"
    )


def _one_name_a_file(folder: Path, names: list[str]) -> dict[File, str]:
    """The name of each file: of several, one to which no link leads, if there is one."""
    root = os.path.realpath(folder)

    def is_link(name: str) -> bool:
        return os.path.realpath(folder / name) != f"{root}/{name}"

    name_of: dict[File, str] = {}
    for name in sorted(names, key=lambda name: (is_link(name), name)):
        name_of.setdefault(_file(folder / name), name)
    return name_of


def _file(path: Path | str) -> File:
    status = os.stat(path)  # noqa: PTH116 (of text too)
    return status.st_dev, status.st_ino


def _read_files(folder: Path, names: list[str], empty: set[str]) -> tuple[dict[str, Tags | None], dict[str, str]]:
    """{name: its tags, if they can be read} of files that open as audio, and {name: why not} of the others."""
    read: dict[str, Tags | None] = {}
    skipped: dict[str, str] = {}
    for name in tqdm(names, "read tags", unit=" files", disable=None):
        if reason := "empty file" if name in empty else _why_not(folder, name):
            skipped[name] = reason
        else:
            read[name] = read_tags(folder / name)
    return read, skipped


def _why_not(folder: Path, name: str) -> str:
    """Why a file can be no track; '' if it can."""
    if UNTEXT.search(name):
        return "its name is no UTF-8 or holds control characters; rename it"
    try:
        with soundfile.SoundFile(folder / name) as file:
            return "" if file.frames else "zero-length audio"
    except (soundfile.SoundFileError, OSError):
        return "cannot be opened as audio"


def _table(read: dict[str, Tags | None]) -> pd.DataFrame:
    """The rows of tracks.csv."""
    found = [tags or Tags() for tags in read.values()]
    names = list(read)
    return pd.DataFrame(
        {
            "track_id": track_ids(names),
            "path": names,
            "title": [tags.title or _called(name) for name, tags in zip(names, found, strict=True)],
            "artist": [tags.artist for tags in found],
            "album": [tags.album for tags in found],
            "genres": [";".join(genres) for genres in one_spelling([tags.genres for tags in found])],
        },
        dtype="str",
    )


def _called(name: str) -> str:
    """A title for a file that has none."""
    return clean(PurePosixPath(name).stem.replace("_", " "))


def track_ids(names: list[str]) -> list[str]:
    """Unique ids of files, which a shell takes as they are: their names, without a suffix that nobody needs."""
    ids = [_safe(_stem(name)) for name in names]
    for longer in (_safe, lambda name: f"{_safe(name)}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"):
        times = Counter(ids)
        ids = [longer(name) if times[short] > 1 else short for name, short in zip(names, ids, strict=True)]
    return ids


def _safe(name: str) -> str:
    return re.sub("^-", "_", UNSAFE.sub("_", unicodedata.normalize("NFC", name)))


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


@dataclass(frozen=True)
class _Lists:
    """Playlists as they are to be written: {name without suffix: content}, {name: reason} of those that cannot be, and
    how many entries name no file."""

    contents: dict[str, str]
    unusable: dict[str, str]
    gone: int


def _rewritten(folder: Path, names: list[str], name_of: dict[File, str]) -> _Lists:
    contents: dict[str, str] = {}
    unusable: dict[str, str] = {}
    gone = 0
    for name in sorted(names):
        try:
            entries, title = read_titled_m3u(folder / name)
        except UserError as error:
            unusable[name] = str(error).removeprefix(f"{folder / name}: ")
            continue
        up = "../" * len(PurePosixPath(name).parts)
        lines = [line for entry in entries if (line := _line(entry, up, name_of))]
        gone += len(entries) - len(lines)
        if not lines:
            unusable[name] = f"none of its {len(entries)} entries names a file"
            continue
        content = "".join(f"{line}\n" for line in ["#EXTM3U", *([TITLE + title] if title else []), *lines])
        stem = f"{PLAYLISTS}/{shown(_stem(name))}"
        places = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        contents[next(place for place in places if contents.get(place, content) == content)] = content
    return _Lists(contents, unusable, gone)


def _line(entry: str, up: str, name_of: dict[File, str]) -> str:
    """How a copy names an entry's file: a track as tracks.csv does, `up` from the copy; '' if it names none."""
    if not os.path.isfile(entry):  # noqa: PTH113 (Path.is_file raises for names that are too long)
        return ""
    if name := name_of.get(_file(entry)):
        return up + name
    return "" if UNTEXT.search(entry) or entry != entry.strip() else entry


def _not_yet_there(folder: Path, contents: dict[str, str], inside: list[str]) -> dict[str, str]:
    """{name: content} of the playlists that are to be written; those that were written before are not.

    Raises:
        UserError: two that are in playlists/ have one name, or one is another than would be written.
    """
    refuse_duplicates(
        folder / PLAYLISTS, (shown(_stem(name)) for name in inside), "names of playlists (without suffix)"
    )
    there = {shown(_stem(name)): name for name in inside}
    copies = {}
    for stem, content in contents.items():
        if stem not in there:
            copies[f"{stem}.m3u8"] = content
        elif read_bytes(path := folder / there[stem]) != content.encode():
            raise UserError(
                f"{shown(str(path))}: is there already and is not overwritten; but a playlist of that name lies"
                f" elsewhere in {folder}, and would be copied there. Rename or remove one of the two"
            )
    return copies


def _write(path: Path, content: str) -> None:
    """Write a new file, whole or not at all."""
    unfinished = path.parent / UNFINISHED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            raise UserError(f"{shown(str(path))}: is there already and is not overwritten; rename it")
        unfinished.write_text(content, encoding="utf-8")
        unfinished.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise UserError(
            f"{shown(str(path))}: cannot be written ({error.strerror}). If the music is to stay untouched: make a new"
            " folder, link the music into it (ln -s MUSIC NEW/music), and name the new folder"
        ) from None
