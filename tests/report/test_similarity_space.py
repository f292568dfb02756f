"""The map of the similarity space: places that repeat and keep clusters apart, and a figure that is written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from unisono.embeddings.neighbours import normalised
from unisono.embeddings.read import INDEX, TRACKS, WINDOWS
from unisono.errors import UserError
from unisono.report.similarity_space import Panel, draw_panels, project, similarity_map


def two_clusters(tracks: int = 60, dimensions: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Vectors at length one around two directions, and which of them is of the second."""
    rng = np.random.default_rng(0)
    second_N = np.arange(tracks) % 2 == 1
    vectors_ND = rng.normal(size=(2, dimensions))[second_N.astype(int)] + 0.1 * rng.normal(size=(tracks, dimensions))
    return (vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)).astype(np.float32), second_N


def test_clusters_stay_apart_and_places_repeat() -> None:
    vectors_ND, second_N = two_clusters()
    points_N2 = project(vectors_ND, seed=0)
    assert points_N2.shape == (60, 2)
    np.testing.assert_array_equal(points_N2, project(vectors_ND, seed=0))
    distance_NN = np.linalg.norm(points_N2[:, None] - points_N2[None], axis=2)
    np.fill_diagonal(distance_NN, np.inf)
    np.testing.assert_array_equal(second_N[distance_NN.argmin(axis=1)], second_N)


def test_few_or_equal_tracks() -> None:
    vectors_ND, _ = two_clusters(tracks=4)
    assert np.isfinite(project(vectors_ND, seed=0)).all()
    np.testing.assert_array_equal(project(np.ones((5, 3)), seed=0), np.zeros((5, 2)))
    with pytest.raises(UserError, match="similarity space: 3 tracks; a map needs at least 4"):
        project(vectors_ND[:3], seed=0)


def test_figures_are_written_and_repeat(tmp_path: Path) -> None:
    vectors_ND, second_N = two_clusters()
    points_N2, names = vectors_ND[:, :2], ("female vocal", "no vocal")
    panels = [Panel(f"{share}% of the labels", points_N2, ~second_N, second_N) for share in (100, 1)]
    draw_panels(panels[:1], names, tmp_path / "new folder" / "one.png")
    for name in ("two.png", "again.png"):
        draw_panels(panels, names, tmp_path / name)
    one, two = imread(tmp_path / "new folder" / "one.png"), imread(tmp_path / "two.png")
    assert two.shape[1] > 1.5 * one.shape[1]
    assert (tmp_path / "two.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def exported(folder: Path, vectors_ND: np.ndarray) -> Path:
    """Embeddings of tracks t0, t1, ..., one window each."""
    np.save(folder / TRACKS, vectors_ND)
    np.save(folder / WINDOWS, vectors_ND)
    n = len(vectors_ND)
    index = pd.DataFrame({"track_id": [f"t{i}" for i in range(n)], "first_window": range(n), "n_windows": 1})
    index.to_parquet(folder / INDEX)
    return folder


def test_the_map_shows_the_tagged_test_tracks(tmp_path: Path) -> None:
    vectors_ND, second_N = two_clusters()
    tags = [["jazz"] if second else ["rock", "jazz"] for second in second_N[:-1]] + [[]]
    labels = pd.DataFrame(
        {"track_id": [f"t{i}" for i in range(60)], "tags": tags, "split": ["train"] * 20 + ["test"] * 40}
    )
    panel = similarity_map(exported(tmp_path, vectors_ND), labels, ["rock", "jazz"], "mine", "mine (tags)")
    assert panel.tagged and panel.title == "mine"
    np.testing.assert_array_equal(panel.has_a_N, ~second_N[20:59])
    assert panel.has_b_N.all()
    np.testing.assert_array_equal(panel.points_N2, project(normalised(vectors_ND[20:59]), seed=0))
    with pytest.raises(UserError, match=r"tag_pair has polka, but the tags of mine \(tags\) are jazz, rock"):
        similarity_map(tmp_path, labels, ["rock", "polka"], "mine", "mine (tags)")


def test_without_any_tag_the_map_has_no_colours(tmp_path: Path) -> None:
    vectors_ND, _ = two_clusters()
    labels = pd.DataFrame(
        {"track_id": [f"t{i}" for i in range(60)], "tags": [[]] * 60, "split": ["train", "test"] * 30}
    )
    panel = similarity_map(exported(tmp_path, vectors_ND), labels, ["rock", "jazz"], "mine", "mine (tags)")
    assert not panel.tagged and len(panel.points_N2) == 30
    draw_panels([panel], ("rock", "jazz"), tmp_path / "uncoloured.png")
    draw_panels(
        [Panel("mine", panel.points_N2, *np.eye(2, 30, dtype=bool))], ("rock", "jazz"), tmp_path / "coloured.png"
    )
    colours, coloured = (imread(tmp_path / f"{name}.png")[..., :3] for name in ("uncoloured", "coloured"))
    assert (colours.max(axis=2) - colours.min(axis=2)).max() < 0.01, "all is grey"
    assert (coloured.max(axis=2) - coloured.min(axis=2)).max() > 0.5
