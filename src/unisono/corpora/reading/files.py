"""Reading users' files with errors that name the file, the place in it, and what to do."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.corpora.reading.playlist_words import playlist_words
from unisono.errors import UserError

Titles = dict[str, tuple[str, list[str]]]  # title and tags by playlist id


def require_folder(folder: Path, expected: str) -> None:
    """Check that a corpus folder exists.

    Raises:
        UserError: it does not; the message says that `expected` should be there.
    """
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {found}; expected {expected}. Set corpora.*.root in params.yaml to where it lies")


def require_files(folder: Path, names: Iterable[str]) -> None:
    """Check that `folder` holds the named files.

    Raises:
        UserError: some are missing, in which case the message lists them and what is there instead, or are no files.
    """
    names = list(names)
    missing = [name for name in names if not os.path.lexists(folder / name)]
    if missing:
        there = sorted(shown(entry.name) for entry in folder.iterdir())[:10]
        raise UserError(
            f"{folder}: has no {', '.join(missing)}; found {', '.join(there) or 'nothing'}."
            " Copy the missing files there (docs/data.md), or set corpora.*.root in params.yaml to the right folder"
        )
    for name in names:
        require_file(folder / name)


def require_file(path: Path) -> None:
    """Check that `path` is a regular file: reading a pipe or a device may never end.

    Raises:
        UserError: it is missing, or something else.
    """
    if not os.path.lexists(path):
        raise UserError(f"{path}: no such file; put it there (docs/data.md)")
    if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises where a folder may not be searched)
        kind = "a folder" if path.is_dir() else "a link to nothing, a pipe or a device"
        raise UserError(f"{path}: is {kind}, expected a file; put the file there (docs/data.md)")


def read_bytes(path: Path) -> bytes:
    """The content of a regular file.

    Raises:
        UserError: it is missing, no regular file, or cannot be read.
    """
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); mend that, or copy the file again") from None


def read_text(path: Path) -> str:
    """A UTF-8 text file, without its byte order mark if it has one.

    Raises:
        UserError: it is missing, cannot be read, is not UTF-8 or holds a NUL, as text does not.
    """
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"{path}: line {line} holds a NUL, so it is not text; is the file damaged? Copy it again")
    return text


def is_text(value: object) -> bool:
    """Whether a value is text that every table can hold: not blank, no NUL, and nothing that UTF-8 has no bytes for."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    """The name of a file as text: bytes of it that are not UTF-8 become \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_json(path: Path, expected: type) -> Any:
    """A JSON file whose outermost value is a list or dict, as `expected` says.

    Raises:
        UserError: it is missing, half-written or otherwise malformed, or holds another type.
    """
    try:
        content = json.loads(read_text(path), object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}: not valid JSON at line {error.lineno}, column {error.colno} ({error.msg});"
            " is it half-written? Download or unpack it again"
        ) from None
    except RecursionError:
        raise UserError(f"{path}: not valid JSON of its kind (nested too deeply); download it again") from None
    except ValueError as error:  # a key that occurs twice, or a number of thousands of digits
        reason = str(error).split(";")[0]  # without Python's advice
        raise UserError(f"{path}: not valid JSON of its kind ({reason}); download it again") from None
    if not isinstance(content, expected):
        raise UserError(f"{path}: expected a JSON {expected.__name__}, found a {type(content).__name__}")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {twice!r} occurs twice in one object")
    return found


def read_records(path: Path, keys: Iterable[str]) -> list[dict[str, Any]]:
    """A JSON list of objects that all have `keys`.

    Raises:
        UserError: as `read_json`, or an entry is not an object or lacks a key.
    """
    records = read_json(path, list)
    wanted = set(keys)
    for number, record in enumerate(records):
        if not isinstance(record, dict) or not wanted <= record.keys():
            found = sorted(record) if isinstance(record, dict) else type(record).__name__
            raise UserError(f"{path}: entry {number} should have the keys {sorted(wanted)}, found {found}")
    return records


def read_csv(path: Path, columns: Iterable[str], delimiter: str = ",", filled: Iterable[str] = ()) -> pd.DataFrame:
    """A CSV file with a header, every cell as text ('' when empty).

    Args:
        path: the file.
        columns: those that it must have.
        delimiter: what separates cells.
        filled: those of them in which no cell may be blank.

    Raises:
        UserError: it is missing, lacks one of `columns`, has a column twice or without a name, a row has too few or too
            many cells, or a blank one.
    """
    rows = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    cells = []
    try:
        header = next(rows, [])
        check_header(path, header, columns, delimiter)
        places = [header.index(column) for column in filled]
        for row in rows:
            if row and len(row) != len(header):
                raise UserError(
                    f"{path}: line {rows.line_num} has {len(row)} cells, expected {len(header)}"
                    f" (put cells that hold {delimiter!r} in double quotes; is the file half-written?)"
                )
            if row and (blank := [header[place] for place in places if not row[place].strip()]):
                raise UserError(
                    f"{path}: line {rows.line_num} has an empty {' and '.join(blank)}; fill it in, or remove the line"
                )
            cells += [row] if row else []
    except csv.Error as error:
        raise UserError(
            f"{path}: malformed CSV at line {rows.line_num} ({error}); is a double quote left open?"
        ) from None
    return pd.DataFrame(cells, columns=header, dtype="str")


def check_header(path: Path, header: list[str], columns: Iterable[str], delimiter: str) -> None:
    if missing := [column for column in columns if column not in header]:
        found = ", ".join(header[:10]) + ", ..." * (len(header) > 10) or "an empty file"
        cells = f", in cells separated by {delimiter!r}" if delimiter else ""
        raise UserError(f"{path}: has no column {', '.join(missing)}; found {found}{cells}")
    if twice := sorted({column for column in header if header.count(column) > 1}):
        raise UserError(f"{path}: has the column {', '.join(twice)} more than once; name each column once")
    if "" in (names := [column.strip() for column in header]):
        raise UserError(f"{path}: column {names.index('') + 1} has no name; give it one")


def refuse_duplicates(path: Path, values: Iterable[str], kind: str = "ids") -> None:
    """Check that ids, or what else `kind` says, are unique.

    Raises:
        UserError: some occur twice; the message lists the first of them.
    """
    times = Counter(values)
    if twice := [value for value, count in times.items() if count > 1]:
        more = ", ..." if len(twice) > 10 else ""
        raise UserError(
            f"{path}: {len(twice)} {kind} occur more than once: {', '.join(twice[:10])}{more}; make them unique"
        )


def tracks_table(
    track_ids: list[str], genres: list[list[str]], sources: list[str], artists: list[list[str]] | None = None
) -> pd.DataFrame:
    """A catalogue's `tracks`, by default without artists."""
    artists = [[] for _ in track_ids] if artists is None else artists
    return pd.DataFrame(
        {
            "genres": pd.Series(genres, dtype=object),
            "artists": pd.Series(artists, dtype=object),
            "source": pd.Series(sources, dtype="str"),
        },
    ).set_axis(pd.Index(track_ids, name="track_id", dtype="str"))


def playlists_table(
    playlists: dict[str, list[str]],
    counts: list[list[float]] | None = None,
    times: list[list[int]] | None = None,
    titles: Titles | None = None,
) -> pd.DataFrame:
    """A catalogue's `playlists`; without counts, or times, each playlist's list of them is empty.

    Args:
        titles: those that words are taken from; there may be more than playlists, but none without one.
    """
    index = pd.Index(list(playlists), name="playlist_id", dtype="str")
    none: list[list[float]] = [[] for _ in playlists]
    words = [playlist_words(*titles[key]) if titles else [] for key in playlists]
    columns = {
        "tracks": list(playlists.values()),
        "words": words,
        "counts": counts or none,
        "times": times or none,
    }
    return pd.DataFrame({name: pd.Series(lists, index=index, dtype=object) for name, lists in columns.items()})


def rejects_table(rejects: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A catalogue's `rejects` of (track_id, source, reason)."""
    return pd.DataFrame(rejects, columns=["track_id", "source", "reason"], dtype="str")


def labels_table(labels: list[tuple[str, str, list[str], str]]) -> pd.DataFrame:
    """A catalogue's `labels` of (track_id, task, tags, split)."""
    return pd.DataFrame(labels, columns=["track_id", "task", "tags", "split"]).astype(
        {"track_id": "str", "task": "str", "tags": object, "split": "str"}
    )
