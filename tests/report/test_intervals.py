"""Intervals against scipy's, and against how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from unisono.report.intervals import Interval, interval


def test_the_interval_is_students() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.1, 12)
    found, theirs = interval(values), stats.ttest_1samp(values, 0).confidence_interval()
    np.testing.assert_allclose([found.mean, found.low, found.high], [values.mean(), *theirs])
    assert found.n == 12
    assert interval(np.array([0.25]), shared=0.2) == Interval(0.25, None, None, 1)


def test_folds_that_share_their_training_tracks_have_a_wider_interval() -> None:
    """Nadeau and Bengio's resampled t-test, as its authors write it, with 20 tracks tested after 70."""
    differences = np.array([0.02, 0.03, 0.01, 0.04, -0.01])
    found = interval(differences, shared=20 / 70)
    t = differences.mean() / np.sqrt((1 / 5 + 20 / 70) * np.var(differences, ddof=1))
    p = 2 * stats.t.sf(abs(t), 4)
    assert found.low is not None and found.high is not None
    assert stats.t.interval(1 - p, 4, found.mean, found.mean / t)[0] == pytest.approx(0)
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.975, 4) * found.mean / t)


def test_intervals_of_correlated_folds_hold_the_truth() -> None:
    """Folds that share what the catalogue's songs are like: with no allowance for it, far fewer than 95% do."""
    rng, held = np.random.default_rng(0), {0.0: 0, 20 / 70: 0}
    for _ in range(2000):
        values = rng.normal(0, np.sqrt(0.3)) + rng.normal(0, np.sqrt(0.7), 5)  # correlation 0.3
        for shared in held:
            found = interval(values, shared)
            held[shared] += found.low is not None and found.high is not None and found.low <= 0 <= found.high
    assert held[0.0] / 2000 < 0.85 < 0.9 < held[20 / 70] / 2000 < 0.99


def test_it_is_written_as_a_table_has_it() -> None:
    assert Interval(0.105, 0.1012, 0.1088, 9).written(100, 1) == "10.5 (10.1 to 10.9)"
    assert Interval(0.1, -0.1, 0.3, 9).written(1, 2, "+") == "+0.10 (-0.10 to +0.30)"
    assert Interval(0.1, None, None, 1).written(1, 2) == "0.10"
