"""Vectors with names: an .npy matrix and, beside it, the ids of its rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.artifacts.read import damaged, read_matrix, read_table


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
        UserError: a file is missing or damaged, or the two do not belong together.
    """
    ids = pd.Index(read_table(folder / "ids.parquet", "id")["id"], name="id")
    vectors_ND = read_matrix(folder / "vectors.npy")
    if len(ids) != len(vectors_ND):
        raise damaged(
            folder / "vectors.npy", f"ids.parquet names {len(ids)} rows, but vectors.npy has {len(vectors_ND)}"
        )
    return ids, vectors_ND
