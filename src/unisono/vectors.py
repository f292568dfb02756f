"""Vectors with names: an .npy matrix and, beside it, the ids of its rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.errors import UserError


def save_vectors(folder: Path, ids: list[str], vectors_ND: np.ndarray) -> None:
    """Write `vectors_ND` (n, d) as float32 and its `ids` (n) into `folder`.

    Raises:
        ValueError: the numbers of ids and rows differ.
    """
    if len(ids) != len(vectors_ND):
        raise ValueError(f"{len(ids)} ids for {len(vectors_ND)} vectors")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", vectors_ND.astype(np.float32, copy=False), allow_pickle=False)
    pd.DataFrame({"id": pd.array(ids, dtype="str")}).to_parquet(folder / "ids.parquet", index=False)


def load_vectors(folder: Path) -> tuple[pd.Index, np.ndarray]:
    """Return the ids and the memory-mapped, read-only matrix (n, d) that `save_vectors` wrote.

    Raises:
        UserError: a file is missing, or the two do not belong together.
    """
    for name in ("vectors.npy", "ids.parquet"):
        if not (folder / name).exists():
            raise UserError(f"{folder}: has no {name}; make it with `dvc repro`")
    ids = pd.Index(pd.read_parquet(folder / "ids.parquet")["id"], name="id")
    vectors_ND = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    if len(ids) != len(vectors_ND):
        raise UserError(
            f"{folder}: ids.parquet names {len(ids)} rows, but vectors.npy has {len(vectors_ND)};"
            " make them anew with `dvc repro`"
        )
    return ids, vectors_ND
