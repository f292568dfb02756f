"""Vectors in the frame store: what went in comes out, and what cannot be used has its reason."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unisono.corpora import vectors
from unisono.corpora.reading.inventory import take_inventory, write_inventory
from unisono.corpora.reading.vector_files import BLOCK_ROWS, Block
from unisono.frames.packing import pack
from unisono.frames.space import Cache
from unisono.frames.store import FrameStore
from unisono.frames.vectors import DAMAGED, _Ahead
from unisono.params import Pack, Vectors

DIM = 3


def pack_rows(tmp_path: Path, ids: list[str], rows: list, max_reject_share: float = 1.0) -> FrameStore:
    root, out = tmp_path / "root", tmp_path / "store"
    root.mkdir(exist_ok=True)
    known = dict.fromkeys(ids)
    (root / "tracks.csv").write_text("track_id\n" + "\n".join(reversed(known)) + "\n")
    pq.write_table(
        pa.table({"track_id": ids, "vector": pa.array(rows, pa.list_(pa.float64()))}), root / "vectors.parquet"
    )
    write_inventory(take_inventory(root), inventory := tmp_path / "inventory.csv")
    params = Pack(max_frames=1, max_reject_share=max_reject_share)  # no limit of vectors: it is one of audio
    front_end = Vectors(dim=DIM, licence="")
    metrics = pack(vectors.read(root), "mine", out, front_end, params, 1, inventory, tmp_path / "work", Cache(tmp_path))
    assert "hours" not in metrics
    return FrameStore.open(out)


def test_windows_of_any_number_come_back(tmp_path: Path) -> None:
    """Runs across the blocks in which the file is read, in another order than that of tracks.csv."""
    rng = np.random.default_rng(0)
    counts = [1, BLOCK_ROWS - 2, 5, 1, 2 * BLOCK_ROWS + 3, 1]
    of_track = [rng.normal(size=(count, DIM)) for count in counts]
    ids = [f"t{n}" for n, count in enumerate(counts) for _ in range(count)]
    store = pack_rows(tmp_path, ids, np.concatenate(of_track).tolist())
    assert store.n_bands == DIM
    for n, vectors_TD in enumerate(of_track):
        np.testing.assert_array_equal(store.read(f"t{n}"), vectors_TD.astype(np.float16))


def test_what_cannot_be_used_has_its_reason(tmp_path: Path) -> None:
    rows = {
        "good": [1.0, 2.0, 3.0], "none": None, "short": [1.0, 2.0], "nan": [1.0, float("nan"), 3.0],
        "hole": [1.0, None, 3.0], "huge": [1.0, 2.0, 1e6], "zero": [0.0, 0.0, 0.0],
    }  # fmt: skip
    store = pack_rows(tmp_path, list(rows), list(rows.values()))
    assert store.index.index.tolist() == ["good"]
    listing = (tmp_path / "store/rejects.csv").read_text()
    for track, reason in {
        "none": "no vector", "short": '"a vector of 2 numbers, expected 3"', "nan": "NaN or infinite values",
        "hole": "NaN or infinite values", "huge": "values that float16 cannot hold", "zero": "all zero",
    }.items():  # fmt: skip
        [line] = [line for line in listing.splitlines() if line.startswith(f"{track},")]
        assert line.endswith(reason)


def test_rows_of_tracks_that_nobody_asks_for_are_not_held() -> None:
    most = 0

    def blocks() -> Iterator[Block]:
        nonlocal most
        for first in range(1000):
            most = max(most, len(ahead._held))
            yield Block(first, np.full((1, DIM), first), np.array([DIM]))

    ahead = _Ahead(blocks())
    for first in (0, 900):
        assert ahead.take(first, 2)[0][:, 0].tolist() == [first, first + 1]
    assert most <= 2


@pytest.mark.parametrize("at", [0.6, 0.9])
def test_a_damaged_page_costs_tracks_and_no_more(tmp_path: Path, at: float) -> None:
    rng = np.random.default_rng(0)
    ids = [f"t{n}" for n in range(2 * BLOCK_ROWS)]
    pack_rows(tmp_path, ids, rng.normal(size=(len(ids), DIM)).tolist())
    file = tmp_path / "root/vectors.parquet"
    pq.write_table(pq.read_table(file), file, data_page_size=1 << 14, use_dictionary=False, compression="none")
    content, column = bytearray(file.read_bytes()), pq.read_metadata(file).row_group(0).column(1)
    first, last = (column.data_page_offset + int(share * column.total_compressed_size) for share in (at, 1))
    content[first:last] = bytes(last - first)
    file.write_bytes(content)
    write_inventory(take_inventory(file.parent), tmp_path / "inventory.csv")
    reader = vectors.read(file.parent)
    store = pack(
        reader, "mine", tmp_path / "again", Vectors(dim=DIM, licence=""), Pack(max_frames=None, max_reject_share=1), 1,
        tmp_path / "inventory.csv", tmp_path / "work", Cache(tmp_path),
    )  # fmt: skip
    assert store["packed"] + store["rejected"] == len(ids)
    reasons = pd.read_csv(tmp_path / "again/rejects.csv")["reason"]
    assert set(reasons) == {DAMAGED}
