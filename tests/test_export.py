"""Export: windows, means, layers, resumption."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.embeddings import Embeddings, load_embeddings
from unisono.encoders.mel_cnn import MelCNN
from unisono.errors import UserError
from unisono.export import export_embeddings
from unisono.store import FrameStore, FrameWriter, shard_name, write_index

LENGTHS = [128 * 3 + 5, 60, 128, 127 + 128]


@pytest.fixture
def encoder() -> MelCNN:
    torch.manual_seed(0)
    return MelCNN(32, 128, [2] * 7, hidden=4, embedding_dim=5, dropout=0.5).eval()


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    rng = np.random.default_rng(0)
    folder = tmp_path / "frames"
    folder.mkdir()
    rows = []
    with FrameWriter(folder / shard_name(0), 32) as writer:
        for track, length in enumerate(LENGTHS):
            first = writer.append(rng.normal(-40, 20, (length, 32)).astype(np.float16))
            rows.append({"track_id": f"t{track}", "shard": 0, "first_frame": first, "n_frames": length})
    write_index(folder, pd.DataFrame(rows))
    return FrameStore.open(folder)


def export(
    encoder: MelCNN, store: FrameStore, folder: Path, layer: str = "projection", batch_size: int = 2
) -> Embeddings:
    return export_embeddings(
        encoder, store, folder, layer=layer, batch_size=batch_size, device=torch.device("cpu"), precision="fp32",
        work_root=folder.parent / "work",
    )  # fmt: skip


@pytest.mark.parametrize(("layer", "dim"), [("projection", 5), ("backbone", 2)])
def test_windows_are_the_encoder_s_output_and_tracks_their_mean(
    encoder: MelCNN, store: FrameStore, tmp_path: Path, layer: str, dim: int
) -> None:
    found = export(encoder, store, tmp_path / "out", layer)
    assert found.n_windows.tolist() == [3, 1, 1, 1] and found.first_window.tolist() == [0, 3, 4, 5]
    assert found.windows_MD.shape == (6, dim) and list(found.track_ids) == ["t0", "t1", "t2", "t3"]
    encode = encoder if layer == "projection" else encoder.backbone
    with torch.no_grad():
        for k in range(3):
            window = torch.from_numpy(store.read("t0", 128 * k, 128).T.astype(np.float32))[None]
            np.testing.assert_allclose(found.windows_MD[k], encode(window)[0].numpy(), rtol=1e-4, atol=1e-5)
        short = np.resize(store.read("t1"), (128, 32)).astype(np.float32)  # repeated to fill a window
        np.testing.assert_allclose(
            found.windows_MD[3], encode(torch.from_numpy(short.T.copy())[None])[0].numpy(), rtol=1e-4, atol=1e-5
        )
    np.testing.assert_allclose(found.tracks_ND[0], found.windows_MD[:3].mean(0), rtol=1e-5, atol=1e-6)
    assert not (tmp_path / "work").exists() or not any((tmp_path / "work").iterdir())


def test_an_interrupted_export_goes_on_where_it_stopped(encoder: MelCNN, store: FrameStore, tmp_path: Path) -> None:
    whole = export(encoder, store, tmp_path / "whole")

    class Killed(Exception):
        pass

    crops, calls = store.crops, []

    def killed_at_the_third_read(*args):  # type: ignore[no-untyped-def]  # stands for a kill, not for our code
        calls.append(args)
        if len(calls) == 3:
            raise Killed
        return crops(*args)

    store.crops = killed_at_the_third_read  # type: ignore[method-assign]  # as above
    with pytest.raises(Killed):
        export(encoder, store, tmp_path / "killed")
    store.crops = crops  # type: ignore[method-assign]  # as above
    again = export(encoder, store, tmp_path / "killed")
    assert np.array_equal(again.windows_MD, whole.windows_MD) and np.array_equal(again.tracks_ND, whole.tracks_ND)


def test_other_bands_and_missing_files_are_explained(encoder: MelCNN, store: FrameStore, tmp_path: Path) -> None:
    other = MelCNN(48, 128, [2] * 7, hidden=4, embedding_dim=5, dropout=0.5)
    with pytest.raises(UserError, match="frames have 32 bands, but the encoder was trained on 48"):
        export(other, store, tmp_path / "out")
    with pytest.raises(UserError, match=r"no tracks.npy and no windows.npy and no index.parquet"):
        load_embeddings(tmp_path)
