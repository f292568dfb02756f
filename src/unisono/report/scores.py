"""Metrics JSON as flat rows of scores: {"gtzan.accuracy": Score(0.75, 0.01), ...}."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = {"untrained": "untrained", "random": "chance"}  # a baseline's row -> its key in the metrics JSON
_ASIDE = {"untrained", "chance", "counts"}


@dataclass(frozen=True)
class Score:
    """A mean, and its std where it is known."""

    mean: float
    std: float | None = None


Row = dict[str, Score]


def rows_of(metrics: dict[str, Any]) -> dict[str, Row]:
    """Return the rows `model`, `untrained` and `random` of merged evaluation metrics ({task: {...}}).

    A score's std is over the repeats. The encoders' playlist scores have none: theirs is over the playlists, and says
    how much playlists differ, not how sure the mean is.
    """
    rows: dict[str, Row] = {"model": {}, "untrained": {}, "random": {}}
    for task, result in metrics.items():
        rows["model"] |= _flat(task, {key: value for key, value in result.items() if key not in _ASIDE})
        for row, level in LEVELS.items():
            rows[row] |= _flat(task, result.get(level, {}))
    for row in ("model", "untrained"):
        rows[row] = {k: Score(s.mean) if k.startswith("playlists.") else s for k, s in rows[row].items()}
    return rows


def mean_of_runs(runs: Sequence[Row]) -> Row:
    """Return the mean of several runs' rows, with the std over the runs; one run is returned as it is.

    A key that a run lacks is left out.
    """
    if len(runs) == 1:
        return runs[0]
    shared = [key for key in runs[0] if all(key in run for run in runs)]
    return {key: _over_runs([run[key].mean for run in runs]) for key in shared}


def _over_runs(means: list[float]) -> Score:
    return Score(float(np.mean(means)), float(np.std(means)))


def _flat(prefix: str, result: dict[str, Any]) -> Row:
    if "mean" in result:
        return {prefix: Score(result["mean"], result["std"] if result["n"] > 1 else None)}
    return {key: score for name, value in result.items() for key, score in _flat(f"{prefix}.{name}", value).items()}
