"""A mean with its 95% interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """The mean of n values with the ends of its 95% interval, which a single value does not give."""

    mean: float
    low: float | None
    high: float | None
    n: int

    def written(self, scale: float, digits: int, sign: str = "") -> str:
        """As tables have it, such as "0.105 (0.101 to 0.109)"; `sign` is "+" for a difference."""

        def shown(value: float) -> str:
            return f"{value * scale:{sign}.{digits}f}"

        if self.low is None or self.high is None:
            return shown(self.mean)
        return f"{shown(self.mean)} ({shown(self.low)} to {shown(self.high)})"


def of_summary(summary: Mapping[str, float]) -> Interval:
    """The interval of the mean of independent values of which only {mean, std, n} is kept; std is the population's."""
    mean, n = float(summary["mean"]), int(summary["n"])
    if n == 1:
        return Interval(mean, None, None, n)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * summary["std"] / np.sqrt(n - 1))
    return Interval(mean, mean - half, mean + half, n)


def interval(values: np.ndarray, shared: float = 0) -> Interval:
    """The mean of the values (n,), at least one, with its 95% interval by Student's t.

    Args:
        shared: for a value a fold, the number of test tracks over that of training tracks; 0 for independent values.
            Folds are not independent, for their models have learned from mostly the same tracks, and the variance of
            their mean is var * (1 / n + shared). Source: Nadeau and Bengio, Inference for the Generalization Error,
            2003, section 3.
    """
    n, mean = len(values), float(values.mean())
    if n == 1:
        return Interval(mean, None, None, n)
    t = stats.t.ppf((1 + LEVEL) / 2, n - 1)
    half = float(t * values.std(ddof=1) * np.sqrt(1 / n + shared))
    return Interval(mean, mean - half, mean + half, n)
