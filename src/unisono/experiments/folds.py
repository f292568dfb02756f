"""The same params over K splits, so that each track is tested once: what a small catalogue can tell, and how surely.

    python -m unisono.experiments.folds K [SEED ...]        (make folds K=5 SEEDS="0 1 2 3", after make repro)

Runs each fold of each split seed as a DVC experiment named fold-NUMBER-of-K, and fold-NUMBER-of-K-seed-SEED with
another seed than 0. Writes report/folds.md and metrics/folds.json: scores, and how far those of what was trained are
above each baseline's, with 95% intervals. Tasks whose corpus comes with a split of its own take no part. Finished runs
are not trained again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from unisono.artifacts.read import read_table
from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.experiments.runner import Overrides, details_at, parse_seeds, refuse_before_repro, run_experiment
from unisono.params import Params, Task
from unisono.params.evaluation import PlaylistContinuation
from unisono.report.intervals import Interval, interval
from unisono.report.scores import Results, rows_of
from unisono.report.tables import tables
from unisono.stage import run_stage, write_json

MOST_FOLDS = 20
CANDIDATES_A_PLACE = 3
DIGITS = 3  # at most: intervals are wide
SPLIT = Path("data/split")


@dataclass(frozen=True)
class Measured:
    """A task over all folds.

    Attributes:
        title: what the task is.
        columns: its scores.
        values: {score: {model: a value a fold (n,)}}, the folds in the same order for all models.
        trained: the models that were trained; the others are baselines.
        counts: {name: mean over the folds} of playlists, candidates, tracks and so on.
        shared: see `interval`. An interval over playlists would be far too narrow: they share songs, and a fold's share
            a model.
    """

    title: str
    columns: Sequence[Column]
    values: Mapping[str, Mapping[str, np.ndarray]]
    trained: Sequence[str]
    counts: Mapping[str, float]
    shared: float


def main(params: Params, *arguments: str) -> None:
    folds, seeds = parse_folds(arguments[:1]), parse_seeds(arguments[1:] or ("0",))
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
    results = [_run(seed, fold, folds, tasks, ks) for seed, fold in product(seeds, range(folds))]
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
    output.write_text(page(folds, seeds, measured, left_out), encoding="utf-8")


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
    values = {
        column.score: {
            model: np.array([row[model][table.key(column)].mean for row in rows])
            for model in rows[0]
            if all(table.key(column) in row.get(model, {}) for row in rows)
        }
        for column in columns
    }
    evaluated = [result.evaluated[name] for result in results]
    counts = [next(iter(details["counts"].values())) for details in evaluated]
    means = {key: float(np.mean([count[key] for count in counts])) for key in counts[0]}
    title = f"{name}: {task.task.replace('_', ' ')} of the {task.corpus}"
    return Measured(title, columns, values, list(evaluated[0]["models"]), means, shared)


def above(measured: Measured, score: str, model: str) -> dict[str, Interval]:
    """How far a trained model is above each baseline, fold by fold; {} for a baseline."""
    of_models = measured.values[score]
    others = [other for other in of_models if other not in measured.trained and model in measured.trained]
    return {other: interval(of_models[model] - of_models[other], measured.shared) for other in others}


def to_json(measured: Measured) -> dict[str, Any]:
    """{score: {model: its interval, with those of how far it is `above` baselines, {model: interval}}}."""
    return {
        score: {
            model: asdict(interval(values, measured.shared))
            | {"above": {other: asdict(found) for other, found in above(measured, score, model).items()}}
            for model, values in of_models.items()
        }
        for score, of_models in measured.values.items()
    }


def page(folds: int, seeds: Sequence[int], measured: Mapping[str, Measured], left_out: Mapping[str, str]) -> str:
    """The Markdown page: a table a score, and one of how far what was trained is above the baselines."""
    split = f" of each of {len(seeds)} random splits (seeds {', '.join(map(str, seeds))})" if len(seeds) > 1 else ""
    once = "once with each seed" if len(seeds) > 1 else "once"
    parts = [
        f"# The same params over {folds} folds{split}",
        f"Each track is tested {once}, by models that have not seen it. In brackets are 95% intervals over the folds,"
        " which allow for the training tracks that folds share: where that of a difference holds 0, it may be chance.",
    ]
    for found in measured.values():
        counts = ", ".join(f"{name.replace('_', ' ')} {mean:g}" for name, mean in found.counts.items())
        parts += [f"## {found.title}", f"A fold has on average: {counts}."]
        parts += [table for column in found.columns for table in _tables(found, column)]
    if left_out:
        parts += ["## Tasks left out", "\n".join(f"- evaluation.{name}: {why}" for name, why in left_out.items())]
    return "\n\n".join(parts) + "\n"


def _run(seed: int, fold: int, folds: int, tasks: Mapping[str, Task], ks: Mapping[str, int]) -> Results:
    # ++ adds a key where an older params.yaml has none.
    settings: Overrides = {"++split.folds": folds, "++split.fold": fold, "split.seed": seed, **ks}
    targets = [f"{stage}@{task}" for stage in ("evaluate", "baselines") for task in tasks]
    name = f"fold-{fold}-of-{folds}" + (f"-seed-{seed}" if seed else "")
    revision = run_experiment(name, settings, targets)
    return Results(*(details_at(revision, stage, tasks) for stage in ("evaluate", "baselines")))


def _tables(measured: Measured, column: Column) -> list[str]:
    """The score of each model, and how far each trained one is above each baseline."""
    of_models, digits = measured.values[column.score], min(column.digits, DIGITS)
    scores = {model: interval(values, measured.shared) for model, values in of_models.items()}
    lines = [f"| | {column.heading} |", "|---|---:|"]
    lines += [f"| {model} | {found.written(column.scale, digits)} |" for model, found in scores.items()]
    differences = {model: above(measured, column.score, model) for model in measured.trained if model in of_models}
    baselines = [model for model in of_models if model not in measured.trained]
    more = [f"| {column.heading} above | {' | '.join(differences)} |", "|---|" + "---:|" * len(differences)]
    for other in baselines:
        cells = [found[other].written(column.scale, digits, "+") for found in differences.values()]
        more.append(f"| {other} | {' | '.join(cells)} |")
    return ["\n".join(lines), *(["\n".join(more)] if baselines and differences else [])]


if __name__ == "__main__":
    run_stage(main)
