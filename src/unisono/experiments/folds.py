"""The same params over K splits, so that each track is tested once: what a small catalogue can tell, and how surely.

    python -m unisono.experiments.folds K        (make folds K=5, after make repro)

Runs each fold as a DVC experiment named fold-NUMBER-of-K, and writes report/folds.md and metrics/folds.json: scores,
and how far they are above chance and above the untrained encoder, with 95% intervals. Tasks whose corpus comes with a
split of its own take no part. Finished runs are not trained again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from unisono.artifacts.read import read_table
from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.experiments.runner import Overrides, details_at, refuse_before_repro, run_experiment
from unisono.params import Params, Task
from unisono.params.evaluation import PlaylistContinuation
from unisono.report.scores import BASELINES, RANDOM, UNTRAINED, Results, rows_of
from unisono.report.tables import tables
from unisono.stage import run_stage, write_json

MOST_FOLDS = 20
CANDIDATES_A_PLACE = 3
DIGITS = 3  # at most: intervals are wide
SPLIT = Path("data/split")


@dataclass(frozen=True)
class Interval:
    """A mean over folds with the ends of its 95% interval, which a single fold does not give."""

    mean: float
    low: float | None
    high: float | None
    folds: int


@dataclass(frozen=True)
class Measured:
    """A task over all folds.

    Attributes:
        title: what the task is.
        columns: its scores.
        values: {score: {model: a value a fold (k,)}}, the folds in the same order for all models.
        counts: {name: mean over the folds} of playlists, candidates, tracks and so on.
        shared: see `interval`.
    """

    title: str
    columns: Sequence[Column]
    values: Mapping[str, Mapping[str, np.ndarray]]
    counts: Mapping[str, float]
    shared: float


def interval(values: np.ndarray, shared: float) -> Interval:
    """The mean of a value a fold, at least one, with its 95% interval.

    Student's t, where the variance of the mean is var * (1 / folds + shared): folds are not independent, for their
    models have learned from mostly the same tracks. Source: Nadeau and Bengio, Inference for the Generalization Error,
    2003, section 3. An interval over playlists would be far too narrow: they share songs, and a fold's share a model.

    Args:
        shared: the number of test tracks over that of training tracks.
    """
    folds, mean = len(values), float(values.mean())
    if folds == 1:
        return Interval(mean, None, None, folds)
    half = float(stats.t.ppf(0.975, folds - 1) * values.std(ddof=1) * np.sqrt(1 / folds + shared))
    return Interval(mean, mean - half, mean + half, folds)


def main(params: Params, *arguments: str) -> None:
    folds = parse_folds(arguments)
    refuse_before_repro()
    split_here = {
        name: read_table(SPLIT / f"{task.corpus}.parquet", "split") for name, task in params.evaluation.items()
    }
    tracks = {name: len(table) for name, table in split_here.items() if len(table)}
    if not tracks:
        raise UserError(
            "params.yaml: every corpus of evaluation comes with a split of its own; folds need one that is split here"
        )
    tasks = {name: params.evaluation[name] for name in tracks}
    ks = {
        f"evaluation.{name}.k": fitting_k(task.k, tracks[name] / folds)
        for name, task in tasks.items()
        if isinstance(task, PlaylistContinuation)
    }
    results = [_run(fold, folds, tasks, ks) for fold in range(folds)]
    shared = 1 / (folds * (1 - params.split.validation) - 1)  # a fold over what is left to train on
    measured, left_out = {}, {}
    for name, task in tasks.items():
        there = [result for result in results if name not in result.left_out]
        if there:
            measured[name] = over_folds(name, task, there, shared)
        else:
            left_out[name] = results[0].left_out[name]
    write_json(Path("metrics/folds.json"), {name: to_json(found) for name, found in measured.items()})
    output = Path("report/folds.md")
    output.parent.mkdir(exist_ok=True)
    output.write_text(page(folds, measured, left_out), encoding="utf-8")


def parse_folds(arguments: tuple[str, ...]) -> int:
    """The number of folds on a command line.

    Raises:
        UserError: it is not one whole number from 2 to 20.
    """
    known = {str(number): number for number in range(2, MOST_FOLDS + 1)}
    if len(arguments) != 1 or arguments[0] not in known:
        found = " ".join(arguments)
        raise UserError(f"the folds are '{found}'; expected a whole number from 2 to {MOST_FOLDS}, e.g. 5")
    return known[arguments[0]]


def fitting_k(k: int, candidates: float) -> int:
    """The length of a playlist's continuation: at most k, and at most a third of the candidates.

    A continuation of all candidates holds all songs that are to be found, whatever the model, and differs only in their
    order; in a very short one, most playlists find none.
    """
    return min(k, max(1, round(candidates / CANDIDATES_A_PLACE)))


def over_folds(name: str, task: Task, results: Sequence[Results], shared: float) -> Measured:
    """What the task's stages wrote in each fold."""
    table = tables({name: task}, results[0].evaluated)[0]
    columns = [column for column in table.columns if column.headline]
    rows = [rows_of(result) for result in results]
    models = [model for model, row in rows[0].items() if any(table.key(column) in row for column in columns)]
    values = {
        column.score: {model: np.array([row[model][table.key(column)].mean for row in rows]) for model in models}
        for column in columns
    }
    counts = [next(iter(result.evaluated[name]["counts"].values())) for result in results]
    means = {key: float(np.mean([count[key] for count in counts])) for key in counts[0]}
    return Measured(f"{name}: {task.task.replace('_', ' ')} of the {task.corpus}", columns, values, means, shared)


def above(measured: Measured, score: str, model: str) -> dict[str, Interval]:
    """How far a model is above chance and, if it is trained, above the untrained encoder, fold by fold."""
    of_models = measured.values[score]
    others = [other for other in BASELINES if other in of_models and model not in (RANDOM, other)]
    return {other: interval(of_models[model] - of_models[other], measured.shared) for other in others}


def to_json(measured: Measured) -> dict[str, Any]:
    """{score: {model: its interval, with those of how far it is `above` others, {model: interval}}}."""
    return {
        score: {
            model: asdict(interval(values, measured.shared))
            | {"above": {other: asdict(found) for other, found in above(measured, score, model).items()}}
            for model, values in of_models.items()
        }
        for score, of_models in measured.values.items()
    }


def page(folds: int, measured: Mapping[str, Measured], left_out: Mapping[str, str]) -> str:
    """The Markdown page: a table a score."""
    parts = [
        f"# The same params over {folds} folds",
        "Each track is tested once, by models that have not seen it. In brackets are 95% intervals over the folds,"
        " which allow for the training tracks that folds share: where that of a difference holds 0, it may be chance.",
    ]
    for found in measured.values():
        counts = ", ".join(f"{name.replace('_', ' ')} {mean:g}" for name, mean in found.counts.items())
        parts += [f"## {found.title}", f"A fold has on average: {counts}."]
        parts += [_table(found, column) for column in found.columns]
    if left_out:
        parts += ["## Tasks left out", "\n".join(f"- evaluation.{name}: {why}" for name, why in left_out.items())]
    return "\n\n".join(parts) + "\n"


def _run(fold: int, folds: int, tasks: Mapping[str, Task], ks: Mapping[str, int]) -> Results:
    # ++ adds a key where an older params.yaml has none.
    settings: Overrides = {"++split.folds": folds, "++split.fold": fold, **ks}
    targets = [f"{stage}@{task}" for stage in ("evaluate", "baselines") for task in tasks]
    revision = run_experiment(f"fold-{fold}-of-{folds}", settings, targets)
    return Results(*(details_at(revision, stage, tasks) for stage in ("evaluate", "baselines")))


def _table(measured: Measured, column: Column) -> str:
    lines = [f"| | {column.heading} | above {RANDOM} | above {UNTRAINED} |", "|---|---:|---:|---:|"]
    for model, values in measured.values[column.score].items():
        differences = above(measured, column.score, model)
        cells = [_cell(interval(values, measured.shared), column)]
        cells += [_cell(differences[other], column, "+") if other in differences else "" for other in BASELINES]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(found: Interval, column: Column, sign: str = "") -> str:
    def shown(value: float) -> str:
        return f"{value * column.scale:{sign}.{min(column.digits, DIGITS)}f}"

    if found.low is None or found.high is None:
        return shown(found.mean)
    return f"{shown(found.mean)} ({shown(found.low)} to {shown(found.high)})"


if __name__ == "__main__":
    run_stage(main)
