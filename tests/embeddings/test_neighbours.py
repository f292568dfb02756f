"""The nearest of many vectors are those of a brute-force sort, few or many, whatever the number is a multiple of."""

import numpy as np
import pytest

from unisono.embeddings.neighbours import GROUP, nearest_exact, normalised


@pytest.mark.parametrize("n_items", [2 * GROUP * 5 - 1, 2 * GROUP * 5, 1003, 5000])
def test_many_items_are_found_as_by_sorting_them_all(n_items: int) -> None:
    rng = np.random.default_rng(n_items)
    queries_QD, items_ND = (normalised(rng.standard_normal((n, 16)).astype(np.float32)) for n in (40, n_items))
    numbers_QK, similarities_QK = nearest_exact(queries_QD, items_ND, 5)
    similarities_QN = queries_QD @ items_ND.T
    np.testing.assert_array_equal(numbers_QK, np.argsort(-similarities_QN, axis=1)[:, :5])
    np.testing.assert_allclose(similarities_QK, -np.sort(-similarities_QN, axis=1)[:, :5], atol=1e-6)


def test_equal_items_are_each_found_once() -> None:
    items_ND = normalised(np.repeat(np.random.default_rng(0).standard_normal((40, 8)), 100, axis=0).astype(np.float32))
    numbers_QK, similarities_QK = nearest_exact(items_ND[::100], items_ND, 30)
    np.testing.assert_allclose(similarities_QK, 1, atol=1e-6)
    assert all(len(set(found)) == 30 and set(found // 100) == {query} for query, found in enumerate(numbers_QK))
