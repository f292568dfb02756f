"""The frame store gives back what was written, from any process."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from unisono.errors import UserError
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index

N_BANDS = 4


def write_store(folder: Path, shards: list[dict[str, np.ndarray]]) -> None:
    rows = []
    for shard, tracks in enumerate(shards):
        with FrameWriter(folder / shard_name(shard), N_BANDS) as writer:
            rows += [(track, shard, writer.append(frames), len(frames)) for track, frames in tracks.items()]
    write_index(folder, pd.DataFrame(rows, columns=["track_id", "shard", "first_frame", "n_frames"]))


def make_tracks(rng: np.random.Generator, *lengths: int) -> list[np.ndarray]:
    return [rng.normal(size=(length, N_BANDS)).astype(np.float16) for length in lengths]


@pytest.fixture(scope="module")
def tracks() -> dict[str, np.ndarray]:
    return dict(zip("abc", make_tracks(np.random.default_rng(0), 40, 7, 100), strict=True))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, tracks: dict[str, np.ndarray]) -> FrameStore:
    folder = tmp_path_factory.mktemp("store")
    write_store(folder, [{"a": tracks["a"], "b": tracks["b"]}, {"c": tracks["c"]}])
    return FrameStore.open(folder)


def test_tracks_come_back_bit_by_bit(store: FrameStore, tracks: dict[str, np.ndarray]) -> None:
    assert store.n_bands == N_BANDS
    assert store.index.columns.tolist() == ["shard", "first_frame", "n_frames"]
    for track, frames in tracks.items():
        np.testing.assert_array_equal(store.read(track), frames)
    np.testing.assert_array_equal(store.read("c", first=10, n_frames=5), tracks["c"][10:15])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1), st.integers(1, 60))
def test_crops_equal_a_loop_over_the_repeated_track(
    store: FrameStore, tracks: dict[str, np.ndarray], crops: list[tuple[int, int]], n_frames: int
) -> None:
    rows, firsts = np.array(crops).T
    expected = [np.tile(tracks["abc"[row]], (20, 1))[first : first + n_frames] for row, first in crops]
    np.testing.assert_array_equal(store.crops(rows, firsts, n_frames), expected)
    np.testing.assert_array_equal(store.crops(["abc"[row] for row in rows], firsts, n_frames), expected)


def test_random_crops_start_anywhere_that_fits_and_follow_the_seed(store: FrameStore) -> None:
    rows = np.zeros(2000, dtype=int)
    crops = store.random_crops(rows, 30, np.random.default_rng(1))
    starts = {store.read("a")[:, 0].tolist().index(crop[0, 0]) for crop in crops}
    assert starts == set(range(11))
    np.testing.assert_array_equal(crops, store.random_crops(rows, 30, np.random.default_rng(1)))


def test_shards_are_contiguous_float16_and_leave_no_temporary_files(store: FrameStore) -> None:
    with h5py.File(store.folder / shard_name(0)) as file:
        frames = file["frames"]
        assert (frames.dtype, frames.chunks, frames.compression) == (np.float16, None, None)
        whole = np.concatenate([store.read(track) for track, row in store.index.iterrows() if row["shard"] == 0])
        np.testing.assert_array_equal(frames[:], whole)  # by HDF5 itself, where `store` maps the file
    assert sorted(path.suffix for path in store.folder.iterdir()) == [".h5", ".h5", ".parquet"]


def test_the_same_frames_make_the_same_bytes(tmp_path: Path, tracks: dict[str, np.ndarray]) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_store(tmp_path / name, [tracks])
    assert (tmp_path / "one" / shard_name(0)).read_bytes() == (tmp_path / "two" / shard_name(0)).read_bytes()


def test_a_writer_without_frames_leaves_nothing(tmp_path: Path) -> None:
    with FrameWriter(tmp_path / "x.h5", N_BANDS):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), FrameWriter(tmp_path / "x.h5", N_BANDS) as writer:
        writer.append(np.ones((3, N_BANDS)))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


class Crops(Dataset):
    def __init__(self, store: FrameStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return 12

    def __getitem__(self, item: int) -> np.ndarray:
        return self.store.crops([item % 3], np.array([item]), 5)[0]


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker_processes_read_the_same_crops(store: FrameStore, context: str) -> None:
    store.read("a")
    here = np.stack([Crops(store)[item] for item in range(12)])
    there = DataLoader(Crops(store), batch_size=12, num_workers=1, multiprocessing_context=context)
    np.testing.assert_array_equal(next(iter(there)).numpy(), here)


def test_a_pickled_store_carries_no_frames(store: FrameStore) -> None:
    store.read("c")
    assert len(pickle.dumps(store)) < 5000


def test_what_is_not_a_store_is_named(tmp_path: Path, tracks: dict[str, np.ndarray]) -> None:
    with pytest.raises(UserError, match=r"index.parquet: no such file; make it with `dvc repro`"):
        FrameStore.open(tmp_path)
    write_store(tmp_path, [tracks])
    (tmp_path / shard_name(0)).write_bytes(b"not hdf5")
    with pytest.raises(UserError, match=r"frames-00000.h5: damaged, or not what the pipeline wrote"):
        FrameStore.open(tmp_path)
    (tmp_path / shard_name(0)).unlink()
    with pytest.raises(UserError, match=r"frames-00000.h5: no such file; make it with `dvc repro`"):
        FrameStore.open(tmp_path)


def test_an_unknown_track_is_named(store: FrameStore) -> None:
    with pytest.raises(KeyError, match=r"1 tracks are not packed, e.g. 'z'"):
        store.read("z")
