"""The details of evaluation as flat rows of scores: {"gtzan.accuracy": Score(0.75, 0.01), ...}."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unisono.evaluation.task import WITHOUT_VECTOR

RANDOM, UNTRAINED, STATISTICS, RIDGE = "random", "untrained", "statistics", "ridge"
BASELINES = (RANDOM, UNTRAINED, STATISTICS, RIDGE)
MODELS = ("trained", "similarity")

Details = Mapping[str, Any]  # what `Scores.to_json` writes of a task, or {"left_out": reason}


@dataclass(frozen=True)
class Score:
    """A mean, and its std where it is known."""

    mean: float
    std: float | None = None


Row = dict[str, Score]


@dataclass(frozen=True)
class Results:
    """The details of a run, {name of the task: details}: of what was trained, and of the baselines."""

    evaluated: Mapping[str, Details]
    baselines: Mapping[str, Details]

    @property
    def left_out(self) -> dict[str, str]:
        """Why tasks were not evaluated, by name."""
        return {name: details["left_out"] for name, details in self.evaluated.items() if "left_out" in details}

    @property
    def without_vector(self) -> dict[str, int]:
        """Of how many tracks others' vectors lack one, by the name of the row."""
        counts = [details.get("counts", {}) for details in self.baselines.values()]
        return {row: of[WITHOUT_VECTOR] for models in counts for row, of in models.items() if WITHOUT_VECTOR in of}


def rows_of(results: Results) -> dict[str, Row]:
    """Return the baselines' rows, `trained` (the first system), `similarity` (the second) and other models'.

    A score's std is over the repeats of its task; where it would be over queries, the row has none.
    """
    rows: dict[str, Row] = {row: {} for row in (*BASELINES, *MODELS)}
    for details_of in (results.baselines, results.evaluated):
        for name, details in details_of.items():
            over_queries = {column["score"] for column in details.get("columns", []) if not column["over_repeats"]}
            for model, scores in details.get("models", {}).items():
                known = {key: _score(summary, with_std=key not in over_queries) for key, summary in scores.items()}
                rows.setdefault(model, {}).update(_under(name, known))
            chance = {key: _score(summary) for key, summary in details.get("chance", {}).items()}
            rows[RANDOM].update(_under(name, chance))
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


def _score(summary: Mapping[str, float], *, with_std: bool = True) -> Score:
    return Score(summary["mean"], summary["std"] if with_std and summary["n"] > 1 else None)


def _under(task: str, scores: Row) -> Row:
    return {f"{task}.{score}": value for score, value in scores.items()}
