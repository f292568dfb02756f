"""Plain statistics against their definition."""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.embeddings.read import load_embeddings
from unisono.embeddings.statistics import export_as_they_came, export_statistics
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index

LENGTHS = [25, 10, 4, 30]


def store_of(folder: Path, tracks: list[np.ndarray]) -> FrameStore:
    folder.mkdir()
    with FrameWriter(folder / shard_name(0), tracks[0].shape[1]) as writer:
        first = [writer.append(frames_TF) for frames_TF in tracks]
    ids = [f"t{n}" for n in range(len(tracks))]
    n_frames = [len(frames_TF) for frames_TF in tracks]
    write_index(folder, pd.DataFrame({"track_id": ids, "shard": 0, "first_frame": first, "n_frames": n_frames}))
    return FrameStore.open(folder)


def standardised(rows: list[np.ndarray]) -> np.ndarray:
    values = np.stack(rows)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_mean_and_deviation_of_each_band_standardised(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tracks = [(rng.normal(-40, 10, (length, 3)) * [1, 2, 3]).astype(np.float16) for length in LENGTHS]
    export_statistics(store_of(tmp_path / "store", tracks), 10, tmp_path / "out")
    found = load_embeddings(tmp_path / "out")
    assert found.n_windows.tolist() == [2, 1, 1, 3] and found.track_ids.tolist() == ["t0", "t1", "t2", "t3"]

    def numbers(frames: np.ndarray) -> np.ndarray:
        return np.concatenate([frames.astype(float).mean(axis=0), frames.astype(float).std(axis=0)])

    np.testing.assert_allclose(found.tracks_ND, standardised([numbers(t) for t in tracks]), atol=1e-3)
    repeated = np.resize(tracks[2], (10, 3))  # a track shorter than a window fills it by starting again
    windows = [tracks[0][:10], tracks[0][10:20], tracks[1], repeated, *np.split(tracks[3], 3)]
    np.testing.assert_allclose(found.windows_MD, standardised([numbers(w) for w in windows]), atol=1e-3)


def test_a_band_that_never_changes_does_no_harm(tmp_path: Path) -> None:
    export_statistics(store_of(tmp_path / "store", [np.ones((12, 2)), np.ones((12, 2))]), 10, tmp_path / "out")
    assert not np.any(load_embeddings(tmp_path / "out").tracks_ND)


def test_vectors_stay_as_they_came(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tracks = [rng.normal(size=(count, 4)).astype(np.float16) for count in (1, 3, 2)]
    export_as_they_came(store_of(tmp_path / "store", tracks), tmp_path / "out")
    found = load_embeddings(tmp_path / "out")
    np.testing.assert_array_equal(found.windows_MD, np.concatenate(tracks).astype(np.float32))
    np.testing.assert_allclose(found.tracks_ND, [t.astype(np.float32).mean(axis=0) for t in tracks], rtol=1e-6)
