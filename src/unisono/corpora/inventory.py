"""What lies in a corpus folder, without reading it: a small table that stands for raw data in DVC."""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from unisono.errors import UserError


def take_inventory(root: Path) -> pd.DataFrame:
    """Names (relative), sizes (bytes) and times (ns) of all files under `root`, sorted by name.

    Raises:
        UserError: there is no such folder.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder")
    rows = sorted(
        (os.path.relpath(file.path, root), file.stat().st_size, file.stat().st_mtime_ns) for file in _files(root)
    )
    return pd.DataFrame(rows, columns=["name", "size", "mtime_ns"])


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.is_file():
                yield entry
