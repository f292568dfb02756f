"""What lies in a corpus folder, without reading it: a small table that stands for raw data in DVC."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from unisono.errors import UserError


def take_inventory(root: Path) -> pd.DataFrame:
    """Names (relative), sizes (bytes) and times (ns) of all files under `root`, sorted by name.

    Links are followed, but not into a folder that they lie in.

    Raises:
        UserError: there is no such folder, or a part of it cannot be read.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder")
    try:
        rows = sorted(_row(file, root) for file in _files(root))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror}); mend that, or take it out") from None
    table = pd.DataFrame(rows, columns=["name", "size", "mtime_ns"], dtype=object)  # no text type holds every name
    return table.astype({"size": "int64", "mtime_ns": "int64"})


def write_inventory(inventory: pd.DataFrame, path: Path) -> None:
    """Write an inventory as CSV; names that are no UTF-8 keep their bytes."""
    inventory.to_csv(path, index=False, errors="surrogateescape")


def read_inventory(path: Path) -> pd.DataFrame:
    """What `write_inventory` wrote."""
    return pd.read_csv(path, dtype={"name": object}, keep_default_na=False, encoding_errors="surrogateescape")


def _row(file: os.DirEntry[str], root: Path) -> tuple[str, int, int]:
    found = file.stat()
    return os.path.relpath(file.path, root), found.st_size, found.st_mtime_ns


def _files(root: Path) -> Iterator[os.DirEntry[str]]:
    todo: list[tuple[str, frozenset[tuple[int, int]]]] = [(str(root), frozenset())]  # a folder, and those it lies in
    while todo:
        folder, above = todo.pop()
        status = os.stat(folder)  # noqa: PTH116 (as fast as can be: there may be a million)
        here = above | {(status.st_dev, status.st_ino)}
        if here == above:
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is(entry.is_dir):
                    todo.append((entry.path, here))
                elif _is(entry.is_file):
                    yield entry


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link to itself, which raises, is none."""
    try:
        return kind()
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False
