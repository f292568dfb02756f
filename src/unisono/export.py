"""Export: every track of a corpus through an encoder, window by window."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from unisono.dataset import bands_first
from unisono.embeddings import Embeddings, load_embeddings
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.errors import UserError
from unisono.store import FrameStore
from unisono.training.devices import keep_freed_memory, mixed_precision


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
    """Embed every track of `store` into `folder`.

    A track's windows are its non-overlapping stretches of the encoder's crop length from the first frame on; what
    is left at the end is not used. A track shorter than one window is repeated to fill one. An interrupted export
    goes on where it stopped.

    Args:
        layer: projection (the embedding) | backbone (the features under it).
        work_root: where unfinished work lies; removed at the end.

    Raises:
        UserError: the store's bands are not those that the encoder was trained on.
    """
    if store.n_bands != encoder.n_bands:
        raise UserError(
            f"{store.folder}: frames have {store.n_bands} bands, but the encoder was trained on"
            f" {encoder.n_bands}; pack the corpus with the same params"
        )
    if device.type == "cpu":
        keep_freed_memory()
    length = encoder.crop_frames
    n_windows = np.maximum(store.index["n_frames"].to_numpy() // length, 1)
    first_window = np.concatenate([[0], np.cumsum(n_windows)[:-1]]).astype(np.int64)
    rows_M = np.repeat(np.arange(len(n_windows)), n_windows)
    first_frame_M = (np.arange(len(rows_M)) - first_window[rows_M]) * length

    work = work_root / _key(encoder, store, layer)
    work.mkdir(parents=True, exist_ok=True)
    encode = encoder.to(device).forward if layer == "projection" else encoder.to(device).backbone
    dim = encoder.embedding_dim if layer == "projection" else encoder.backbone_dim
    windows_MD = _open_matrix(work / "windows.npy", (len(rows_M), dim))
    done_file = work / "done"
    done = int(done_file.read_text()) if done_file.exists() else 0
    with torch.inference_mode(), tqdm(total=len(rows_M), initial=done, unit="window") as bar:
        for start in range(done, len(rows_M), batch_size):
            stop = min(start + batch_size, len(rows_M))
            crops_BTF = store.crops(rows_M[start:stop], first_frame_M[start:stop], length)
            with mixed_precision(precision, device):
                windows_MD[start:stop] = encode(bands_first(crops_BTF).to(device)).float().cpu().numpy()
            bar.update(stop - start)
            if stop == len(rows_M) or (stop // batch_size) % 100 == 0:
                windows_MD.flush()
                done_file.write_text(str(stop))
    tracks_ND = np.add.reduceat(windows_MD, first_window, axis=0) / n_windows[:, None]

    folder.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "windows.npy", folder / "windows.npy")
    np.save(folder / "tracks.npy", tracks_ND.astype(np.float32), allow_pickle=False)
    index = pd.DataFrame({"track_id": store.index.index, "first_window": first_window, "n_windows": n_windows})
    index.to_parquet(folder / "index.parquet", index=False)
    shutil.rmtree(work)
    return load_embeddings(folder)


def _open_matrix(path: Path, shape: tuple[int, int]) -> np.memmap:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def _key(encoder: AudioEncoder, store: FrameStore, layer: str) -> str:
    """A name for the work of exactly this encoder on exactly this store."""
    digest = hashlib.sha256(layer.encode())
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    digest.update((store.folder / "index.parquet").read_bytes())
    return f"{store.folder.name}-{digest.hexdigest()[:16]}"
