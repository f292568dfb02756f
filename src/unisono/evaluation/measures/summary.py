"""A figure as metrics carry it: a mean with its spread and the number of values behind it."""

from collections.abc import Sequence

import numpy as np

Summary = dict[str, float | int]


def summarise(values: Sequence[float] | np.ndarray) -> Summary:
    """Return {mean, std, n} of at least one value; std is the population's (0 for a single value)."""
    array = np.asarray(values, dtype=np.float64)
    return {"mean": float(array.mean()), "std": float(array.std()), "n": len(array)}
