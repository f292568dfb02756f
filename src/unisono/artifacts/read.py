"""Artifacts read back: one that is missing or damaged is named in a sentence, with the commands that make it anew."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unisono.errors import UserError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say that `path` is missing or damaged, whatever the library that reads it raises.

    Raises:
        UserError: there is no such file, or reading it failed.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; make it with `dvc repro`") from None
    except PermissionError as error:
        raise UserError(f"{path}: {error.strerror}; let your user read it: chmod u+r {path}") from None
    except Exception as error:  # every format and library has errors of its own for damage
        raise damaged(path, error) from None


def damaged(path: Path, problem: object) -> UserError:
    """The error that says that an artifact is not what a stage wrote, and how to make it anew.

    DVC trusts what lies write-protected in its cache, and may have linked that very file into the workspace: only a
    writable one with a new time is looked at again.
    """
    reason = " ".join(str(problem).split())[:200] or type(problem).__name__
    return UserError(
        f"{path}: damaged, or not what the pipeline wrote ({reason});"
        f" make it anew: touch {path}; chmod -R u+w .dvc/cache; dvc repro"
    )


def read_table(path: Path, *columns: str) -> pd.DataFrame:
    """The Parquet table at `path`, which has at least these columns.

    Raises:
        UserError: see `reading`; or a column is missing.
    """
    with reading(path):
        table = pd.read_parquet(path)
        if missing := [name for name in columns if name not in table]:
            raise ValueError(f"no column {', '.join(missing)}")
        return table


def read_matrix(path: Path) -> np.ndarray:
    """The .npy matrix at `path`, memory-mapped and read-only.

    Raises:
        UserError: see `reading`; or it is no matrix.
    """
    with reading(path):
        matrix: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        if matrix.ndim != 2 or matrix.dtype != np.float32:
            raise ValueError(f"{matrix.dtype} of shape {matrix.shape}; expected a float32 matrix")
        return matrix


def read_json(path: Path, *keys: str) -> Any:
    """What the JSON file at `path` holds under `keys`, the outermost first.

    Raises:
        UserError: see `reading`; or a key is missing.
    """
    with reading(path):
        value = json.loads(path.read_text(encoding="utf-8"))
        for key in keys:
            value = value[key]
        return value
