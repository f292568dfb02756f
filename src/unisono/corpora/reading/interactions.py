"""A listening log, in which each user is a playlist of the songs that they played.

    interactions.csv         with a header; or the same columns as interactions.parquet
        user_id, track_id    of whom and of what; the ids of tracks are those of the corpus
        count                how often, above 0; may be absent: each row is then one play
        timestamp            when, in seconds since 1970 or as ISO 8601, UTC where it names no zone; may be absent

Logs have millions of rows, so that all is done a column at a time. A row that cannot be used is left out and counted.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import check_header, playlists_table, refuse_duplicates, require_file
from unisono.errors import UserError

FILES = ("interactions.parquet", "interactions.csv")
NEEDED, COLUMNS = ("user_id", "track_id"), ("user_id", "track_id", "count", "timestamp")
MOST_PLAYS = 1e12  # of one row
MOST_SECONDS = 1e11  # since 1970, in the year 5138; a time in milliseconds is beyond it


def log_in(root: Path) -> Path | None:
    """The listening log of a corpus folder, if it has one.

    Raises:
        UserError: it has two.
    """
    found = [root / name for name in FILES if (root / name).exists()]
    if len(found) > 1:
        raise UserError(f"{root}: has {' and '.join(FILES)}; keep the one that is meant")
    return found[0] if found else None


def with_log(catalogue: Catalogue) -> Catalogue:
    """A catalogue, and the users of the listening log in its folder, if there is one, as further playlists.

    Raises:
        UserError: there are two logs, or the log cannot be used at all; see `read_log`.
    """
    path = log_in(catalogue.root)
    if path is None:
        return catalogue
    users, counts = read_log(path, catalogue.tracks.index)
    playlists = pd.concat([catalogue.playlists, users])
    refuse_duplicates(path, playlists.index, "ids of playlists and users (user/<user_id>)")
    return replace(catalogue, playlists=playlists, counts=catalogue.counts | counts)


def read_log(path: Path, known: pd.Index) -> tuple[pd.DataFrame, dict[str, int]]:
    """The users as playlists, and what was left out, counted.

    A user's id is "user/<user_id>", so that no playlist file of the folder is taken for a user who is called like it.
    Their songs come in the order of first listening; where the log has no times, in that of the file.

    Args:
        path: interactions.csv or interactions.parquet.
        known: ids of the tracks; rows of others are left out.

    Returns:
        A catalogue's `playlists`: `counts` are the summed plays, `times` the first ones. The counts start with
        "interactions": rows in all, of rows left out (for the first of the reasons that apply), and of users without
        any known track.

    Raises:
        UserError: the file cannot be read, lacks a column, or no row can be used.
    """
    table, torn = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    rows = pd.DataFrame({name: _text(path, table, name) for name in NEEDED})
    rows["count"] = _plays(path, table["count"]) if "count" in table.column_names else 1.0
    timed = "timestamp" in table.column_names
    rows["time"] = _seconds(path, table["timestamp"]) if timed else 0.0
    bad = {
        "interactions_without_id": ~(_is_id(rows["user_id"]) & _is_id(rows["track_id"])),
        "interactions_with_bad_count": ~rows["count"].between(0, MOST_PLAYS, inclusive="right"),
        "interactions_with_bad_timestamp": ~rows["time"].between(0, MOST_SECONDS),
    }
    counts = {"interactions": len(rows) + torn, "interactions_with_wrong_cells": torn}
    usable = pd.Series(True, index=rows.index)
    for reason, applies in bad.items():
        counts[reason] = int((usable & applies).sum())
        usable &= ~applies
    rows = rows[usable]
    n_users = rows["user_id"].nunique()
    track_of_row, named = pd.factorize(rows["track_id"])
    rows["track"] = known.get_indexer(pd.Index(named))[track_of_row] if len(named) else track_of_row
    counts["interactions_of_unknown_tracks"] = int((rows["track"] < 0).sum())
    rows = rows[rows["track"] >= 0]
    if rows.empty:
        raise UserError(_nothing_usable(path, counts))
    rows["user"], users = pd.factorize(rows["user_id"])
    counts["users_without_known_track"] = n_users - len(users)
    return _playlists(rows, users, known, timed), counts


def _playlists(rows: pd.DataFrame, users: pd.Index, known: pd.Index, timed: bool) -> pd.DataFrame:
    """One playlist a user, from columns `user` and `track` (numbers), `count` and `time`."""
    pairs = rows.groupby(["user", "track"], sort=False).agg({"count": "sum", "time": "min"}).reset_index()
    pairs = pairs.iloc[np.lexsort((pairs["time"], pairs["user"]))]  # stable: of one time, as in the file
    bounds = np.searchsorted(pairs["user"], np.arange(1, len(users)))
    columns = {
        "tracks": known.to_numpy(dtype=object)[pairs["track"]],
        "counts": pairs["count"].to_numpy(),
        "times": pairs["time"].to_numpy().astype(np.int64),
    }
    lists = {name: [part.tolist() for part in np.split(column, bounds)] for name, column in columns.items()}
    tracks = dict(zip((f"user/{user}" for user in users), lists["tracks"], strict=True))
    return playlists_table(tracks, lists["counts"], lists["times"] if timed else None)


def _nothing_usable(path: Path, counts: dict[str, int]) -> str:
    if not counts["interactions"]:
        return f"{path}: holds no row; add one a play, or remove the file"
    found = ", ".join(f"{name.removeprefix('interactions_').replace('_', ' ')}: {n}" for name, n in counts.items() if n)
    return (
        f"{path}: none of its rows can be used ({found}); expected user_id, a track_id of the corpus, a count above 0"
        " if there is one, and a timestamp in seconds since 1970 or as ISO 8601 if there is one"
    )


def _read_csv(path: Path) -> tuple[pa.Table, int]:
    """The columns as text, and how many rows have more or fewer cells than the header."""
    require_file(path)
    torn = 0

    def skip(row: arrow_csv.InvalidRow) -> str:
        nonlocal torn
        torn += 1
        return "skip"

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        check_header(path, header, NEEDED, ",")
        columns = [name for name in COLUMNS if name in header]
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=skip),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=columns, column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, UnicodeError, csv.Error, OSError) as error:
        raise UserError(f"{path}: cannot be read as CSV in UTF-8 ({_short(error)}); save it again as such") from None
    return table, torn


def _read_parquet(path: Path) -> tuple[pa.Table, int]:
    require_file(path)
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            check_header(path, names, NEEDED, delimiter="")
            return file.read([name for name in COLUMNS if name in names]), 0
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: cannot be read as Parquet ({_short(error)}); write it again") from None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:150]


def _text(path: Path, table: pa.Table, name: str) -> pd.Series:
    """A column of ids as text, '' where there is none; whole numbers are written without a decimal point."""
    column = table[name]
    try:
        if pa.types.is_floating(column.type):  # as pandas writes whole numbers with gaps
            column = column.cast(pa.int64())
        return column.cast(pa.string()).fill_null("").to_pandas().astype("str")
    except pa.ArrowException:
        raise UserError(f"{path}: column {name} holds {column.type}, expected text or whole numbers") from None


def _cells(path: Path, column: pa.ChunkedArray, name: str, expected: str) -> pd.Series:
    """A column of numbers, or of text that may be some."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column.cast(kind).to_pandas()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return column.cast(pa.string()).to_pandas().astype("str")
    raise UserError(f"{path}: column {name} holds {column.type}, expected {expected}")


def _is_id(ids: pd.Series) -> pd.Series:
    return (ids.str.strip() != "") & ~ids.str.contains("\0", regex=False)


def _plays(path: Path, column: pa.ChunkedArray) -> pd.Series:
    """Numbers, NaN where a cell is none."""
    return pd.to_numeric(_cells(path, column, "count", "numbers"), errors="coerce").astype("float64")


def _seconds(path: Path, column: pa.ChunkedArray) -> pd.Series:
    """Whole seconds since 1970, NaN where a cell is no time."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        zone = getattr(column.type, "tz", None)
        return column.cast(pa.timestamp("s", zone), safe=False).cast(pa.int64()).to_pandas().astype("float64")
    cells = _cells(path, column, "timestamp", "timestamps, numbers or text")
    seconds = pd.to_numeric(cells, errors="coerce").astype("float64")
    if seconds.isna().any() and not pd.api.types.is_numeric_dtype(cells):
        dates = pd.to_datetime(cells.where(seconds.isna()), format="ISO8601", utc=True, errors="coerce")
        whole = dates.dt.as_unit("s")  # as 9999-12-31 has no nanoseconds since 1970
        seconds = seconds.mask(whole.notna(), whole.astype("int64").astype("float64"))
    return seconds.floordiv(1)
