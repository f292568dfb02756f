"""Points between two similarities: the weighted mean of two cosines, and the nearest by it, against loops."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from unisono.embeddings.neighbours import normalised
from unisono.project.space import Side, Space, between

RNG = np.random.default_rng(0)
SOUND_ND, ALIGNED_ND = RNG.normal(size=(40, 7)), RNG.normal(size=(40, 4))


def space(together: float, sound_ND: np.ndarray = SOUND_ND, aligned_ND: np.ndarray = ALIGNED_ND) -> Space:
    sides = [Side(1 - together, normalised(sound_ND), "backbone"), Side(together, normalised(aligned_ND), "projection")]
    return Space([side for side in sides if side.weight])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("together", [0, 0.3, 1])
def test_a_similarity_is_the_weighted_mean_of_two_cosines(together: float) -> None:
    points = space(together)
    found_N = points.similarities(points.points(np.array([3]))[0])
    for row in range(40):
        expected = (1 - together) * cosine(SOUND_ND[3], SOUND_ND[row]) + together * cosine(
            ALIGNED_ND[3], ALIGNED_ND[row]
        )
        assert found_N[row] == pytest.approx(expected, abs=2e-6)
    own = [side for side, weight in ((SOUND_ND[3], 1 - together), (ALIGNED_ND[3], together)) if weight]
    np.testing.assert_allclose(points.point(own), points.points(np.array([3]))[0], atol=1e-6)


def test_the_length_of_a_query_says_nothing_and_one_of_no_length_is_like_nothing() -> None:
    points = space(0.5)
    query_D = points.points(np.array([5, 9])).mean(axis=0)
    np.testing.assert_array_equal(points.similarities(query_D), points.similarities(1000 * query_D))
    assert not points.similarities(np.zeros_like(query_D)).any()


@pytest.mark.parametrize("k", [1, 5, 40, 100])
@pytest.mark.parametrize("left_out", [set(), {0, 7, 39}, set(range(39)), set(range(40))])
def test_the_nearest_are_those_of_a_sort(k: int, left_out: set[int]) -> None:
    points = space(0.7)
    query_D = points.points(np.array([5]))[0]
    similarity_N = points.similarities(query_D)
    expected = sorted(set(range(40)) - left_out, key=lambda row: (-similarity_N[row], row))[:k]
    rows, similarities = points.nearest(query_D, k, left_out)
    assert rows.tolist() == expected
    np.testing.assert_array_equal(similarities, similarity_N[expected])


@pytest.mark.parametrize("n", [5, 33, 1001])
def test_of_equally_near_ones_the_first_come_first(n: int) -> None:
    """Wherever in the matrix they stand, whose last rows a processor may add up in another order."""
    sound_ND, aligned_ND = np.tile(RNG.normal(size=64), (n, 1)), np.tile(RNG.normal(size=33), (n, 1))
    points = space(0.4, sound_ND, aligned_ND)
    for k in (1, 3, n):
        assert points.nearest(RNG.normal(size=97), k)[0].tolist() == list(range(min(k, n)))


def test_means_are_those_of_each_group() -> None:
    points = space(0.5)
    groups = [[0, 3, 4], [39], [1, 2]]
    matrix_AN = csr_matrix(np.array([[row in group for row in range(40)] for group in groups], dtype=float))
    for mean_D, group in zip(points.means(matrix_AN), groups, strict=True):
        expected_D = points.points(np.array(group)).mean(axis=0)
        np.testing.assert_allclose(mean_D, expected_D / np.linalg.norm(expected_D), atol=1e-6)


def test_between_two_points_lies_an_arc_with_even_steps() -> None:
    a_D, b_D = normalised(RNG.normal(size=(2, 5)))
    stops = [between(a_D, b_D, place) for place in np.linspace(0, 1, 6)]
    np.testing.assert_allclose(stops[0], a_D, atol=1e-6)
    np.testing.assert_allclose(stops[-1], b_D, atol=1e-6)
    steps = [cosine(one, other) for one, other in pairwise(stops)]
    np.testing.assert_allclose(steps, np.cos(np.arccos(cosine(a_D, b_D)) / 5), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(stops, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(between(a_D, a_D, 0.3), a_D, atol=1e-6)
