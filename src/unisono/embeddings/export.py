"""Export: every track of a corpus through an encoder, window by window."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from unisono.embeddings.encode import encode, layer_dim
from unisono.embeddings.read import ENCODER, INDEX, TRACKS, WINDOWS, Embeddings, load_embeddings
from unisono.embeddings.windows import n_windows
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.saved import digest
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.training.checkpoint import fingerprint
from unisono.training.devices import enough_memory, in_threads, keep_freed_memory

CHECK_ROWS = 1 << 16


def export_embeddings(
    encoder: AudioEncoder,
    store: FrameStore,
    folder: Path,
    *,
    layer: str,
    batch_size: int,
    device: torch.device,
    precision: str,
    work_root: Path,
) -> Embeddings:
    """Embed every track of `store` into `folder`; what it held is removed.

    A track's windows are its non-overlapping stretches of the encoder's crop length from the first frame on; what
    is left at the end is not used. A track shorter than one window is repeated to fill one. An interrupted export
    goes on where it stopped, and ends with the same bytes as one that was not: `folder` appears when all is there.

    Args:
        layer: projection (the embedding) | backbone (the features under it).
        work_root: where unfinished work lies; removed at the end.

    Raises:
        UserError: the store's bands are not those that the encoder was trained on, or an embedding is not finite.
    """
    if store.n_bands != encoder.n_bands:
        raise UserError(
            f"{store.folder}: frames have {store.n_bands} bands, but the encoder was trained on"
            f" {encoder.n_bands}; pack the corpus with the same params"
        )
    if device.type == "cpu":
        keep_freed_memory()
    length = encoder.crop_frames
    windows_N = n_windows(store.index["n_frames"].to_numpy(), length)
    first_window = np.concatenate([[0], np.cumsum(windows_N)[:-1]]).astype(np.int64)
    rows_M = np.repeat(np.arange(len(windows_N)), windows_N)
    first_frame_M = (np.arange(len(rows_M)) - first_window[rows_M]) * length

    work = work_root / _key(encoder, store, layer, batch_size, precision)
    work.mkdir(parents=True, exist_ok=True)
    encoder.to(device)
    windows = _Windows(work / WINDOWS, len(rows_M), layer_dim(encoder, layer))
    done = windows.n_trusted() // batch_size * batch_size

    def embed(start: int) -> np.ndarray:
        chosen = slice(start, start + batch_size)
        crops_BTF = store.crops(rows_M[chosen], first_frame_M[chosen], length)
        return encode(encoder, crops_BTF, layer=layer, device=device, precision=precision)

    with (
        windows.path.open("r+b") as file,
        tqdm(total=len(rows_M), initial=done, unit="window") as bar,
    ):
        file.truncate(windows.end_of(done))
        file.seek(0, os.SEEK_END)
        starts = range(done, len(rows_M), batch_size)
        setting = f"params.yaml: machine.export_batch ({batch_size})"
        with (
            enough_memory(setting),
            closing(in_threads(embed, starts, torch.get_num_threads() if device.type == "cpu" else 1)) as batches,
        ):
            for start, windows_BD in batches:
                _refuse_non_finite(windows_BD, store, rows_M[start : start + batch_size])
                file.write(windows_BD.tobytes())
                bar.update(len(windows_BD))
        file.flush()
        os.fsync(file.fileno())
    windows_MD = np.load(windows.path, mmap_mode="r", allow_pickle=False)
    tracks_ND = np.add.reduceat(windows_MD, first_window, axis=0) / windows_N[:, None]
    np.save(work / TRACKS, tracks_ND.astype(np.float32), allow_pickle=False)
    index = pd.DataFrame({"track_id": store.index.index, "first_window": first_window, "n_windows": windows_N})
    index.attrs[ENCODER] = digest(encoder)
    index.to_parquet(work / INDEX, index=False)
    load_embeddings(work)  # checks that they belong together
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work, folder)
    return load_embeddings(folder)


@dataclass(frozen=True)
class _Windows:
    """The growing .npy file of the windows: its header is that of the whole matrix, and its length the progress.

    Whole again, it is the file that numpy reads. There is no second file that could tell another story.
    """

    path: Path
    n_rows: int
    dim: int

    @property
    def header(self) -> bytes:
        header = BytesIO()
        shape = {"descr": "<f4", "fortran_order": False, "shape": (self.n_rows, self.dim)}
        np.lib.format.write_array_header_1_0(header, shape)
        return header.getvalue()

    def end_of(self, row: int) -> int:
        """Where the first `row` rows end in the file, in bytes."""
        return len(self.header) + 4 * self.dim * row

    def n_trusted(self) -> int:
        """How many rows from the first on an earlier run surely wrote; a file that is not ours is begun anew.

        A row of zeros may be a hole that a power cut left: it is made again, even where the encoder made it.
        """
        with self.path.open("a+b") as file:
            file.seek(0)
            if file.read(len(self.header)) != self.header:
                file.truncate(0)
                file.write(self.header)
        n_rows = min((self.path.stat().st_size - len(self.header)) // (4 * self.dim), self.n_rows)
        for first in range(0, n_rows, CHECK_ROWS):
            count = min(CHECK_ROWS, n_rows - first)
            rows_RD = np.fromfile(self.path, "<f4", count * self.dim, offset=self.end_of(first)).reshape(-1, self.dim)
            trusted_R = np.isfinite(rows_RD).all(axis=1) & rows_RD.any(axis=1)
            if not trusted_R.all():
                return first + int(np.argmin(trusted_R))
        return n_rows


def _refuse_non_finite(windows_BD: np.ndarray, store: FrameStore, rows_B: np.ndarray) -> None:
    finite_B = np.isfinite(windows_BD).all(axis=1)
    if not finite_B.all():
        track = store.index.index[rows_B[int(np.argmin(finite_B))]]
        raise UserError(
            f"{store.folder}: the embedding of track {track!r} is not finite; its frames or the encoder's weights are"
            " to blame; train or pack anew"
        )


def _key(encoder: AudioEncoder, store: FrameStore, layer: str, batch_size: int, precision: str) -> str:
    """A name for the work of exactly this encoder on exactly this store."""
    shards = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(store.folder.glob("*.h5"))]
    settings = [digest(encoder), encoder.config, shards, layer, batch_size, precision]
    return f"{store.folder.name}-{fingerprint(settings, [store.folder / 'index.parquet'], Path(__file__))}"
