"""What lies in a corpus folder, without reading it: a small table that stands for raw data in DVC."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from unisono.errors import UserError


def take_inventory(root: Path) -> pd.DataFrame:
    """Names (relative), sizes (bytes) and times (ns) of all files under `root`, sorted by name.

    Links are followed, but not back into a folder that they lie in.

    Raises:
        UserError: there is no such folder, or it cannot be listed.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder")
    try:
        rows = sorted(
            (os.path.relpath(path, root), status.st_size, status.st_mtime_ns) for path, status in _files(root, ())
        )
    except OSError as error:
        raise UserError(
            f"{error.filename or root}: cannot be listed ({error.strerror}); make it readable, or, if it changed just"
            " now, run again"
        ) from None
    table = pd.DataFrame(rows, columns=["name", "size", "mtime_ns"], dtype=object)  # no text type holds every name
    return table.astype({"size": "int64", "mtime_ns": "int64"})


def write_inventory(inventory: pd.DataFrame, path: Path) -> None:
    """Write an inventory as CSV; names that are no UTF-8 keep their bytes."""
    inventory.to_csv(path, index=False, errors="surrogateescape")


def read_inventory(path: Path) -> pd.DataFrame:
    """What `write_inventory` wrote."""
    return pd.read_csv(path, dtype={"name": object}, keep_default_na=False, encoding_errors="surrogateescape")


def _files(folder: Path | str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, os.stat_result]]:
    here = os.stat(folder)  # noqa: PTH116 (a name that scandir gave)
    if (here.st_dev, here.st_ino) in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if _leads_nowhere(entry):
                continue
            if entry.is_dir():
                yield from _files(entry.path, (*above, (here.st_dev, here.st_ino)))
            elif entry.is_file():
                yield entry.path, entry.stat()


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link to nothing or to itself."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110
