"""A map keeps together what is alike, for any number of tracks."""

from pathlib import Path

import numpy as np
import pytest

from unisono.embeddings import layout as layout_module
from unisono.embeddings.layout import MAPS, cached_layout, layout

CENTRES = np.random.default_rng(0).normal(size=(4, 16))


def clusters(each: int) -> np.ndarray:
    """Vectors (4 * each, 16) in four groups, group after group."""
    rng = np.random.default_rng(1)
    return (np.repeat(CENTRES, each, axis=0) + 0.2 * rng.normal(size=(4 * each, 16))).astype(np.float32)


def share_of_own_group(places_N2: np.ndarray, each: int) -> float:
    """How many of the places have their nearest other place in their own group."""
    apart_NN = np.linalg.norm(places_N2[:, None] - places_N2, axis=2)
    np.fill_diagonal(apart_NN, np.inf)
    group_N = np.arange(len(places_N2)) // each
    return float((group_N[apart_NN.argmin(axis=1)] == group_N).mean())


def test_tracks_that_are_alike_lie_together_and_all_lie_in_the_frame() -> None:
    places_N2 = layout(clusters(40))
    assert places_N2.dtype == np.float32
    assert np.abs(places_N2).max() == pytest.approx(1)
    assert share_of_own_group(places_N2, 40) == 1


def test_more_tracks_than_landmarks_lie_with_the_landmarks_like_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "LANDMARKS", 60)
    assert share_of_own_group(layout(clusters(100)), 100) > 0.98


def test_the_same_vectors_have_the_same_places() -> None:
    np.testing.assert_array_equal(layout(clusters(10)), layout(clusters(10)))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("alike", [False, True])
def test_few_tracks_and_equal_ones_have_places(n: int, alike: bool) -> None:
    vectors_ND = np.ones((n, 5)) if alike else np.random.default_rng(n).normal(size=(n, 5))
    places_N2 = layout(vectors_ND.astype(np.float32))
    assert places_N2.shape == (n, 2)
    assert np.isfinite(places_N2).all()


def test_a_map_is_kept_until_the_vectors_are_others(tmp_path: Path) -> None:
    first_N2 = cached_layout(clusters(5), tmp_path, "catalogue-trained")
    [file] = (tmp_path / MAPS).iterdir()
    np.save(file, first_N2 + 1)
    np.testing.assert_array_equal(cached_layout(clusters(5), tmp_path, "catalogue-trained"), first_N2 + 1)
    cached_layout(clusters(6), tmp_path, "catalogue-trained")
    [other] = (tmp_path / MAPS).iterdir()
    assert other != file
