"""Files of vectors, as other programs write them: Parquet with a column of lists, or .npy with an id list beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from unisono.corpora.reading.files import check_header, read_text, require_file
from unisono.errors import UserError

PARQUET, NPY = "vectors.parquet", "vectors.npy"
BLOCK_ROWS = 4096
DIMENSIONS = "dimensions"  # what a catalogue's counts call how many numbers a vector has


@dataclass(frozen=True)
class Rows:
    """Whose vectors the rows of a file are, and how many numbers the first vector has that has any."""

    track_ids: pd.Index
    dim: int


@dataclass(frozen=True)
class Block:
    """Some rows of a file, from the row `first` on: (R, dim) float64 or narrower, and how many numbers each has.

    Where that is not dim, or numbers are missing, the row holds NaN.
    """

    first: int
    rows_RD: np.ndarray
    lengths_R: np.ndarray


def find_vectors(root: Path) -> Path:
    """The file of vectors in a folder.

    Raises:
        UserError: there is none, or there are two.
    """
    found = [root / name for name in (PARQUET, NPY) if (root / name).exists()]
    if len(found) != 1:
        has = f"both {PARQUET} and {NPY}; remove one" if found else f"neither {PARQUET} nor {NPY}; put one there"
        raise UserError(f"{root}: has {has} (docs/data.md)")
    return found[0]


def vector_rows(path: Path) -> Rows:
    """What a file of vectors holds, in memory bounded by the ids.

    Raises:
        UserError: it is missing or not such a file, has no row, all are empty, or one has no track_id.
    """
    require_file(path)
    rows = _npy_rows(path) if path.suffix == ".npy" else _parquet_rows(path)
    if len(rows.track_ids) == 0:
        raise UserError(f"{path}: has no row; expected a vector a track")
    if rows.dim == 0:
        raise UserError(f"{path}: none of its {len(rows.track_ids)} vectors has a number; write them again")
    return rows


def runs_of(path: Path, track_ids: pd.Index) -> pd.DataFrame:
    """Where the rows of each track lie in a file: index track_id, columns `first` and `count`.

    Raises:
        UserError: the rows of a track do not stand together.
    """
    names = track_ids.to_numpy()
    starts = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    runs = pd.DataFrame({"first": starts, "count": np.diff(starts, append=len(names))}, index=track_ids[starts])
    if len(scattered := runs.index[runs.index.duplicated()].unique()):
        raise UserError(
            f"{path}: the rows of {len(scattered)} tracks do not stand together, e.g. of {str(scattered[0])!r}; sort"
            " them by track_id, so that a track's vectors are its windows in their order"
        )
    return runs


def vector_blocks(path: Path, dim: int) -> Iterator[Block]:
    """All rows of a file that `vector_rows` has read, in order, in memory bounded by a block.

    Raises:
        UserError: what follows is damaged.
    """
    if path.suffix == ".npy":
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
        for first in range(0, len(matrix), BLOCK_ROWS):
            rows_RD = np.asarray(matrix[first : first + BLOCK_ROWS])
            yield Block(first, rows_RD, np.full(len(rows_RD), matrix.shape[1]))
        return
    first = 0
    with _reading(path), pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        for batch in file.iter_batches(BLOCK_ROWS, columns=["vector"]):
            column = batch.column("vector")
            lengths_R = _lengths(column)
            rows_RD = np.full((len(column), dim), np.nan)
            fits_R = lengths_R == dim
            values = pc.list_flatten(column.filter(pa.array(fits_R)))
            rows_RD[fits_R] = values.to_numpy(zero_copy_only=False).reshape(-1, dim)
            yield Block(first, rows_RD, lengths_R)
            first += len(column)


def _npy_rows(path: Path) -> Rows:
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise UserError(f"{path}: not an .npy matrix ({error}); write it again with numpy.save") from None
    if not isinstance(matrix, np.ndarray):
        raise UserError(f"{path}: an .npz archive, expected an .npy matrix; write it with numpy.save")
    if matrix.ndim != 2 or matrix.dtype.kind != "f":
        raise UserError(
            f"{path}: holds {matrix.dtype} of shape {matrix.shape}, expected floating point of shape (rows, dimensions)"
        )
    listing = path.with_suffix(".txt")
    ids = read_text(listing).splitlines()
    if len(ids) != len(matrix) or not all(ids):
        raise UserError(
            f"{listing}: has {len(ids)} lines, {sum(map(bool, ids))} of them with an id, but {path.name} has"
            f" {len(matrix)} rows; write the track_id of each row on a line"
        )
    return Rows(pd.Index(ids, dtype="str"), matrix.shape[1])


def _parquet_rows(path: Path) -> Rows:
    with _reading(path), pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        check_header(path, schema.names, ("track_id", "vector"), delimiter="")
        kind = schema.field("vector").type
        if not _is_list_of_numbers(kind):
            raise UserError(f"{path}: the column vector holds {kind}, expected list<float>, a list of numbers")
        ids = file.read(["track_id"]).column("track_id").cast(pa.string())
        lengths = (_lengths(batch.column(0)) for batch in file.iter_batches(BLOCK_ROWS, columns=["vector"]))
        dim = next((int(some[0]) for lengths_R in lengths if len(some := lengths_R[lengths_R > 0])), 0)
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        raise UserError(f"{path}: {ids.null_count or 'some'} rows have no track_id; fill it in, or remove them")
    return Rows(pd.Index(ids.to_pandas(), dtype="str"), dim)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise UserError(f"{path}: not a Parquet file that can be read ({reason}); write it again") from None


def _lengths(column: pa.Array) -> np.ndarray:
    """How many numbers each list has; 0 where there is none."""
    return pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)


def _is_list_of_numbers(kind: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_list(kind) for is_list in lists):
        return False
    return pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
