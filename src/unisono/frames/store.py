"""The frame store: mels (or waveforms, with one band) in a few HDF5 shards that any process can memory-map.

A shard `frames-00000.h5` holds one dataset `frames` (total_frames, n_bands), float16, contiguous and uncompressed, so
that a crop is one straight read. `index.parquet` says where each track lies: track_id, shard, first_frame, n_frames.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import pandas as pd

from unisono.artifacts.read import damaged, read_table, reading

INDEX_COLUMNS = ("track_id", "shard", "first_frame", "n_frames")


def shard_name(shard: int) -> str:
    """The file name of a shard."""
    return f"frames-{shard:05d}.h5"


class FrameWriter:
    """Write one shard track by track, in memory bounded by one track; without a track there is no shard.

    A contiguous HDF5 dataset cannot grow, so frames are written behind room for what HDF5 puts before them, which is
    filled in once their number is known. The shard appears under its name only when it is complete.

    Args:
        path: the shard to write.
        n_bands: columns of `frames`.
    """

    def __init__(self, path: Path, n_bands: int) -> None:
        self.path = path
        self.n_bands = n_bands
        self.n_frames = 0
        self._unfinished = path.with_suffix(".frames")
        self._file = self._unfinished.open("wb")
        self._file.write(_header(1, n_bands))

    def append(self, frames_TF: np.ndarray) -> int:
        """Append a track's frames (n_frames, n_bands), stored as float16; return its first frame.

        Raises:
            ValueError: the track has no frames or another number of bands.
        """
        if frames_TF.ndim != 2 or frames_TF.shape[1] != self.n_bands or len(frames_TF) == 0:
            raise ValueError(f"frames have the shape {frames_TF.shape}; expected (n_frames >= 1, {self.n_bands})")
        first_frame = self.n_frames
        self._file.write(np.ascontiguousarray(frames_TF, dtype=np.float16).data)
        self.n_frames += len(frames_TF)
        return first_frame

    def __enter__(self) -> "FrameWriter":
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error_type is None and self.n_frames:
                self._file.seek(0)
                self._file.write(_header(self.n_frames, self.n_bands))
                self._file.flush()  # fails if the disk is full
                self._unfinished.replace(self.path)
        finally:
            self._unfinished.unlink(missing_ok=True)
            self._file.close()


def _header(n_frames: int, n_bands: int) -> bytes:
    """What HDF5 puts before the frames of a shard; it is as long for any number of them."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        frames = file.create_dataset("frames", shape=(n_frames, n_bands), dtype="<f2", track_times=False)
        frames[0] = 0  # gives them all their place; what is not written takes no memory
        offset = frames.id.get_offset()
    return stream.getvalue()[:offset]


def write_index(folder: Path, index: pd.DataFrame) -> None:
    """Write `index` (columns track_id, shard, first_frame, n_frames) beside the shards in `folder`."""
    index[list(INDEX_COLUMNS)].astype(
        {"track_id": "str", "shard": np.int32, "first_frame": np.int64, "n_frames": np.int64}
    ).to_parquet(folder / "index.parquet", index=False)


class FrameStore:
    """Read a frame store; cheap to pickle, and each process maps the shards when it first reads them.

    Attributes:
        folder: where the shards lie.
        index: where each track lies: index track_id; columns shard, first_frame, n_frames. A track's position
            in it is its row.
        n_bands: columns of `frames`.
    """

    def __init__(self, folder: Path, index: pd.DataFrame, n_bands: int) -> None:
        self.folder = folder
        self.index = index
        self.n_bands = n_bands
        self._shard_of = index["shard"].to_numpy()
        self._first_frame_of = index["first_frame"].to_numpy()
        self._n_frames_of = index["n_frames"].to_numpy()
        self._shards: dict[int, np.ndarray] = {}

    @classmethod
    def open(cls, folder: Path) -> "FrameStore":
        """Open the store in `folder`.

        Raises:
            UserError: the index or a shard is missing or damaged, or they do not belong together.
        """
        index = read_table(folder / "index.parquet", *INDEX_COLUMNS).set_index("track_id")
        ends = (index["first_frame"] + index["n_frames"]).groupby(index["shard"]).max()
        n_bands = {_check_shard(folder / shard_name(shard), end) for shard, end in zip(ends.index, ends, strict=True)}
        if len(n_bands) != 1:
            raise damaged(
                folder / "index.parquet", f"shards of one store have one number of bands; found {sorted(n_bands)}"
            )
        return cls(folder, index, n_bands.pop())

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shards": {}}

    def rows(self, tracks: Sequence[str] | np.ndarray | pd.Index) -> np.ndarray:
        """The rows of the given track ids; rows are returned as they are.

        Raises:
            KeyError: a track is not in the store.
        """
        wanted = np.asarray(tracks)
        if np.issubdtype(wanted.dtype, np.integer):
            return wanted
        rows = self.index.index.get_indexer(pd.Index(wanted))
        if (rows < 0).any():
            raise KeyError(
                f"{self.folder}: {(rows < 0).sum()} tracks are not packed, e.g. {str(wanted[rows < 0][0])!r}"
            )
        return rows

    def read(self, track_id: str, first: int = 0, n_frames: int | None = None) -> np.ndarray:
        """A track's frames from `first` on (all, or at most `n_frames`): (T, F), float16."""
        frames_TF = self._track(int(self.rows([track_id])[0]))
        return frames_TF[first : None if n_frames is None else first + n_frames].copy()

    def crops(
        self, tracks: Sequence[str] | np.ndarray | pd.Index, first_frames: np.ndarray, n_frames: int
    ) -> np.ndarray:
        """One crop a track: (B, T, F), float16.

        A track that ends before the crop does starts again from its first frame.

        Args:
            tracks: track ids or rows (B).
            first_frames: where each crop starts (B).
            n_frames: length T of the crops.
        """
        crops_BTF = np.empty((len(tracks), n_frames, self.n_bands), dtype=np.float16)
        for crop_TF, row, first in zip(crops_BTF, self.rows(tracks), first_frames, strict=True):
            frames_TF = self._track(row)
            if first + n_frames <= len(frames_TF):
                crop_TF[:] = frames_TF[first : first + n_frames]
            else:
                frames_TF.take(np.arange(first, first + n_frames), axis=0, mode="wrap", out=crop_TF)
        return crops_BTF

    def random_crops(
        self, tracks: Sequence[str] | np.ndarray | pd.Index, n_frames: int, rng: np.random.Generator
    ) -> np.ndarray:
        """One crop a track, its start uniform over all that fit: (B, T, F), float16; see `crops`."""
        rows = self.rows(tracks)
        return self.crops(rows, rng.integers(0, np.maximum(self._n_frames_of[rows] - n_frames, 0) + 1), n_frames)

    def _track(self, row: int) -> np.ndarray:
        first = self._first_frame_of[row]
        return self._shard(self._shard_of[row])[first : first + self._n_frames_of[row]]

    def _shard(self, shard: int) -> np.ndarray:
        if shard not in self._shards:
            path = self.folder / shard_name(shard)
            with h5py.File(path, "r") as file:
                offset, shape = file["frames"].id.get_offset(), file["frames"].shape
            self._shards[shard] = np.memmap(path, "<f2", mode="r", offset=offset, shape=shape).view(np.ndarray)
        return self._shards[shard]


def _check_shard(path: Path, n_frames: int) -> int:
    """The number of bands of a shard that can be memory-mapped and has at least so many frames."""
    with reading(path), h5py.File(path, "r") as file:
        frames = file["frames"]
        if frames.ndim != 2 or frames.dtype != np.float16 or frames.id.get_offset() is None:
            raise ValueError("`frames` is not a contiguous float16 matrix")
        if len(frames) < n_frames:
            raise ValueError(f"{len(frames)} frames, but index.parquet names {n_frames}")
        return int(frames.shape[1])
