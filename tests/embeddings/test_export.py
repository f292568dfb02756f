"""Export: windows, means, layers, resumption after a kill at any moment."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from killing import files_below, killed_at_byte, left_by_kills

from unisono.embeddings.export import export_embeddings
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.encoders.mel_cnn import MelCNN
from unisono.errors import UserError
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index

LENGTHS = [128 * 3 + 5, 60, 128, 127 + 128]


@pytest.fixture
def encoder() -> MelCNN:
    return small_encoder()


def small_encoder() -> MelCNN:
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


def export_into(folder: Path, frames: Path) -> None:
    torch.set_num_threads(1)  # unfinished work is one number of threads' alone
    export(small_encoder(), FrameStore.open(frames), folder / "out")


@pytest.fixture
def whole(store: FrameStore, tmp_path: Path) -> dict[str, bytes]:
    """The files of an export that nothing disturbed."""
    export_into(tmp_path / "whole", store.folder)
    return files_below(tmp_path / "whole")


def new_folder(tmp_path: Path) -> Callable[[int], Path]:
    def make(n: int) -> Path:
        (tmp_path / str(n)).mkdir(exist_ok=True)
        return tmp_path / str(n)

    return make


def test_an_export_killed_before_any_change_of_a_file_ends_as_one_that_was_not(
    store: FrameStore, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    for folder in left_by_kills(export_into, new_folder(tmp_path)(0), tmp_path / "states", store.folder):
        export_into(folder, store.folder)
        assert files_below(folder) == whole, folder


@pytest.mark.parametrize("n_bytes", [0, 1, 127, 128, 129, 148, 187, 188, 247])  # a header of 128, rows of 20
def test_an_export_killed_within_a_write_ends_as_one_that_was_not(
    store: FrameStore, tmp_path: Path, whole: dict[str, bytes], n_bytes: int
) -> None:
    folder = new_folder(tmp_path)(0)
    assert killed_at_byte(export_into, folder, n_bytes, store.folder)
    assert not (folder / "out").exists()
    export_into(folder, store.folder)
    assert files_below(folder) == whole


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "part of the header": lambda data: data[:50],
    "a hole at the end": lambda data: data[:-20] + bytes(20),
    "a hole within": lambda data: data[:148] + bytes(20) + data[168:],
    "all zero": lambda data: data[:128] + bytes(len(data) - 128),
    "not a number": lambda data: data[:208] + np.full(5, np.nan, np.float32).tobytes() + data[228:],
    "of another matrix": lambda data: data[:60] + b"9" + data[61:],
    "longer": lambda data: data + b"x" * 1000,
    "garbage": lambda data: np.random.default_rng(0).bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_unfinished_work_is_made_again(
    store: FrameStore, tmp_path: Path, whole: dict[str, bytes], damage: str
) -> None:
    folder = new_folder(tmp_path)(0)
    (folder / "out").write_bytes(b"")  # a file, where a folder is to go: the last step fails
    with pytest.raises(OSError):
        export_into(folder, store.folder)
    (folder / "out").unlink()
    (unfinished,) = (folder / "work").rglob("windows.npy")
    unfinished.write_bytes(DAMAGE[damage](unfinished.read_bytes()))
    export_into(folder, store.folder)
    assert files_below(folder) == whole


def test_unfinished_work_of_another_input_layout_is_not_gone_on_with(store: FrameStore, tmp_path: Path) -> None:
    first, second = small_encoder(), MelCNN(32, 128, [2] * 7, 4, 5, dropout=0.5, input_layout="view").eval()
    second.load_state_dict(first.state_dict())
    folder = new_folder(tmp_path)(0)
    (folder / "out").write_bytes(b"")
    with pytest.raises(OSError):
        export(first, store, folder / "out")
    (folder / "out").unlink()
    found, expected = export(second, store, folder / "out"), export(second, store, tmp_path / "fresh/out")
    assert np.array_equal(found.windows_MD, expected.windows_MD)
    assert not np.allclose(found.windows_MD, export(first, store, tmp_path / "first/out").windows_MD)


def test_what_the_folder_held_is_replaced(store: FrameStore, tmp_path: Path, whole: dict[str, bytes]) -> None:
    folder = new_folder(tmp_path)(0)
    shutil.copytree(store.folder, folder / "out")
    export_into(folder, store.folder)
    assert files_below(folder) == whole


def test_an_embedding_that_is_not_finite_is_not_written(encoder: MelCNN, store: FrameStore, tmp_path: Path) -> None:
    with torch.no_grad():
        encoder.head[0].bias[0] = float("nan")
    with pytest.raises(UserError, match="the embedding of track 't0' is not finite"):
        export(encoder, store, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_bands_and_missing_files_are_explained(encoder: MelCNN, store: FrameStore, tmp_path: Path) -> None:
    other = MelCNN(48, 128, [2] * 7, hidden=4, embedding_dim=5, dropout=0.5)
    with pytest.raises(UserError, match="frames have 32 bands, but the encoder was trained on 48"):
        export(other, store, tmp_path / "out")
    with pytest.raises(UserError, match=r"index.parquet: no such file; make it with `dvc repro`"):
        load_embeddings(tmp_path)
