"""Metrics JSON as flat rows of scores: {"gtzan.accuracy": Score(0.75, 0.01), ...}."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# A row -> its key in a task's metrics; what a task has beside them is the first system's.
LEVELS = {"random": "chance", "similarity": "similarity", "model": "alignment"}
UNTRAINED = "untrained"  # a row that stands beside the tasks, with all of their scores
BASELINES = ("random", UNTRAINED)
_ASIDE = {*LEVELS.values(), "counts"}
# Their std is over queries: it says how much these differ, not how sure the mean is.
_OVER_QUERIES = ("playlists.", "retrieval.")


@dataclass(frozen=True)
class Score:
    """A mean, and its std where it is known."""

    mean: float
    std: float | None = None


Row = dict[str, Score]


def rows_of(metrics: dict[str, Any]) -> dict[str, Row]:
    """Return the rows of merged evaluation metrics ({task: {...}, "untrained": {task: {...}}}).

    They are `model` (the first system), `similarity` (the second), `untrained` and `random`. A score's std is over the
    repeats; the encoders' playlist and retrieval scores have none.
    """
    rows: dict[str, Row] = {row: {} for row in (*LEVELS, UNTRAINED)}
    for task, result in metrics.get(UNTRAINED, {}).items():
        rows[UNTRAINED] |= _flat(task, result)
    for task, result in metrics.items():
        if task == UNTRAINED:
            continue
        rows["model"] |= _flat(task, {key: value for key, value in result.items() if key not in _ASIDE})
        for row, level in LEVELS.items():
            rows[row] |= _flat(task, result.get(level, {}))
    for row in rows.keys() - {"random"}:
        rows[row] = {k: Score(s.mean) if k.startswith(_OVER_QUERIES) else s for k, s in rows[row].items()}
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
