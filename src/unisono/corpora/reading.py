"""Reading users' files with errors that name the file, the place in it, and what to do."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.errors import UserError


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
        UserError: some are missing; the message lists them and what is there instead.
    """
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        there = sorted(entry.name for entry in folder.iterdir())[:10] if folder.is_dir() else []
        raise UserError(
            f"{folder}: has no {', '.join(missing)}; found {', '.join(there) or 'nothing'}."
            " Copy the missing files there (docs/data.md), or set corpora.*.root in params.yaml to the right folder"
        )


def read_text(path: Path) -> str:
    """A UTF-8 text file, without its byte order mark if it has one.

    Raises:
        UserError: it is missing or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; see docs/data.md for the layout of its corpus") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def read_json(path: Path, expected: type) -> Any:
    """A JSON file whose outermost value is a list or dict, as `expected` says.

    Raises:
        UserError: it is missing, half-written or otherwise malformed, or holds another type.
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}: not valid JSON at line {error.lineno}, column {error.colno} ({error.msg});"
            " is it half-written? Download or unpack it again"
        ) from None
    if not isinstance(content, expected):
        raise UserError(f"{path}: expected a JSON {expected.__name__}, found a {type(content).__name__}")
    return content


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


def read_csv(path: Path, columns: Iterable[str], delimiter: str = ",") -> pd.DataFrame:
    """A CSV file with a header, every cell as text ('' when empty).

    Raises:
        UserError: it is missing, lacks one of `columns`, has a column twice, or a row has too few or too many cells.
    """
    rows = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        missing = [column for column in columns if column not in header]
        if missing:
            found = ", ".join(header[:10]) + ", ..." * (len(header) > 10) or "an empty file"
            raise UserError(
                f"{path}: has no column {', '.join(missing)}; found {found}, in cells separated by {delimiter!r}"
            )
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise UserError(f"{path}: has the column {', '.join(twice)} more than once; name each column once")
        cells = []
        for row in rows:
            if row and len(row) != len(header):
                raise UserError(
                    f"{path}: line {rows.line_num} has {len(row)} cells, expected {len(header)}"
                    f" (put cells that hold {delimiter!r} in double quotes; is the file half-written?)"
                )
            cells += [row] if row else []
    except csv.Error as error:
        raise UserError(f"{path}: malformed CSV at line {rows.line_num} ({error})") from None
    return pd.DataFrame(cells, columns=header, dtype="str")


def refuse_duplicates(path: Path, track_ids: Iterable[str]) -> None:
    """Check that ids are unique.

    Raises:
        UserError: some occur twice; the message lists the first of them.
    """
    ids = pd.Series(list(track_ids), dtype="str")
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        more = ", ..." if len(twice) > 10 else ""
        raise UserError(
            f"{path}: {len(twice)} ids occur more than once: {', '.join(twice[:10])}{more}; make them unique"
        )


def tracks_table(track_ids: list[str], genres: list[list[str]], sources: list[str]) -> pd.DataFrame:
    """A catalogue's `tracks`."""
    return pd.DataFrame(
        {"genres": pd.Series(genres, dtype=object), "source": pd.Series(sources, dtype="str")},
    ).set_axis(pd.Index(track_ids, name="track_id", dtype="str"))


def playlists_table(playlists: dict[str, list[str]]) -> pd.DataFrame:
    """A catalogue's `playlists`."""
    index = pd.Index(list(playlists), name="playlist_id", dtype="str")
    return pd.DataFrame({"tracks": pd.Series(list(playlists.values()), index=index, dtype=object)})


def rejects_table(rejects: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A catalogue's `rejects` of (track_id, source, reason)."""
    return pd.DataFrame(rejects, columns=["track_id", "source", "reason"], dtype="str")


def labels_table(labels: list[tuple[str, str, list[str], str]]) -> pd.DataFrame:
    """A catalogue's `labels` of (track_id, task, tags, split)."""
    return pd.DataFrame(labels, columns=["track_id", "task", "tags", "split"]).astype(
        {"track_id": "str", "task": "str", "tags": object, "split": "str"}
    )
