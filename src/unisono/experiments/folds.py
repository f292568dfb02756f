"""The same params over K splits, so that each track is tested once: what a small catalogue can tell, and how surely.

    python -m unisono.experiments.folds K        (make folds K=5)

Runs each fold as a DVC experiment named fold-NUMBER-of-K, after `dvc repro`, and writes report/folds.md and
metrics/folds.json: scores with their 95% intervals, and how far they are above chance and above the untrained encoder,
each pair measured on the same playlists or folds. Finished runs are not trained again.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from unisono.artifacts.read import read_table
from unisono.embeddings.read import load_embeddings
from unisono.errors import UserError
from unisono.evaluation.task import Column
from unisono.evaluation.tasks.playlist_continuation import columns as continuation_columns
from unisono.evaluation.tasks.playlist_continuation import expected_by_chance, find_continuations, playlist_scores
from unisono.experiments.runner import Overrides, details_at, fetch_output, run_experiment
from unisono.params import Params, Task
from unisono.params.evaluation import PlaylistContinuation
from unisono.report.scores import BASELINES, RANDOM, UNTRAINED, Results, rows_of
from unisono.report.tables import tables
from unisono.stage import run_stage, write_json

MOST_FOLDS = 20
CANDIDATES_A_PLACE = 10
DIGITS = 3  # at most: intervals are wide
FRAMES, SPLIT = Path("data/frames"), Path("data/split")
EMBEDDINGS, UNTRAINED_EMBEDDINGS = Path("data/embeddings"), Path("data/untrained")


@dataclass(frozen=True)
class Interval:
    """A mean of n values with the ends of its 95% interval, which a single value does not have."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Measured:
    """A task over all folds.

    Attributes:
        title: the task's.
        note: what the values are of, in a sentence.
        columns: its scores.
        values: {score: {model: values (u,)}}, one a playlist or a fold, in the same order for all models.
        shared: see `interval`.
    """

    title: str
    note: str
    columns: Sequence[Column]
    values: Mapping[str, Mapping[str, np.ndarray]]
    shared: float = 0.0


def interval(values: np.ndarray, shared: float = 0.0) -> Interval:
    """The mean of values, at least one, with its 95% interval by Student's t.

    Args:
        shared: 0 for independent values. For those of the folds of one catalogue, whose models have learned from mostly
            the same tracks, the number of test tracks over that of training tracks: the variance of the mean is then
            var * (1 / n + shared), after Nadeau and Bengio, Inference for the Generalization Error, 2003.
    """
    n, mean = len(values), float(values.mean())
    if n == 1:
        return Interval(mean, None, None, n)
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) * np.sqrt(1 / n + shared))
    return Interval(mean, mean - half, mean + half, n)


def fitting_k(task: PlaylistContinuation, candidates: float) -> int:
    """The length of a continuation: the task's, but at most a tenth of the candidates.

    A list of all candidates holds every song of the playlist, in whatever order; of a tenth, chance finds one in ten.
    """
    return min(task.k, max(1, round(candidates / CANDIDATES_A_PLACE)))


def main(params: Params, *arguments: str) -> None:
    folds = parse_folds(arguments)
    tasks = {name: task for name, task in params.evaluation.items() if len(_split_of(task))}
    if not tasks:
        raise UserError(
            "params.yaml: every corpus of evaluation comes with a split of its own; folds need one that is split here"
        )
    revisions = [_run(fold, folds, tasks) for fold in range(folds)]
    results = [Results(*(details_at(one, stage, tasks) for stage in ("evaluate", "baselines"))) for one in revisions]
    shared = 1 / (folds * (1 - params.split.validation) - 1)  # a fold over what is left to train on
    measured, left_out = {}, {}
    for name, task in tasks.items():
        there = [fold for fold, result in enumerate(results) if name not in result.left_out]
        if not there:
            left_out[name] = results[0].left_out[name]
        elif isinstance(task, PlaylistContinuation):
            measured[name] = _over_playlists(name, task, [(revisions[fold], results[fold]) for fold in there])
        else:
            measured[name] = _over_folds(name, task, [results[fold] for fold in there], shared)
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
        raise UserError(
            f"the folds are '{' '.join(arguments)}'; expected a whole number from 2 to {MOST_FOLDS}, e.g. 5"
        )
    return known[arguments[0]]


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


def above(measured: Measured, score: str, model: str) -> dict[str, Interval]:
    """How far a model is above chance and, if it is trained, above the untrained encoder, value by value."""
    of_models = measured.values[score]
    others = [other for other in BASELINES if other in of_models and model not in (RANDOM, other)]
    return {other: interval(of_models[model] - of_models[other], measured.shared) for other in others}


def page(folds: int, measured: Mapping[str, Measured], left_out: Mapping[str, str]) -> str:
    """The Markdown page: a table a score."""
    parts = [
        f"# The same params over {folds} folds",
        "Each track is tested once, by models that have not seen it. In brackets are 95% intervals: where that of a"
        " difference holds 0, it may be chance. They tell how much playlists or folds differ, not training seeds.",
    ]
    for found in measured.values():
        parts += [f"## {found.title}", found.note, *(_table(found, column) for column in found.columns)]
    if left_out:
        parts += ["## Tasks left out", "\n".join(f"- evaluation.{name}: {why}" for name, why in left_out.items())]
    return "\n\n".join(parts) + "\n"


def _title(name: str, task: Task) -> str:
    return f"{name}: {task.task.replace('_', ' ')} of the {task.corpus}"


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


def _split_of(task: Task) -> pd.DataFrame:
    """The table of a task's split in the workspace: empty where its corpus comes with one."""
    return read_table(SPLIT / f"{task.corpus}.parquet", "track_id", "split")


def _run(fold: int, folds: int, tasks: Mapping[str, Task]) -> str:
    # ++ adds a key where an older params.yaml has none.
    settings: Overrides = {"++split.folds": folds, "++split.fold": fold}
    targets = [f"{stage}@{task}" for stage in ("evaluate", "baselines") for task in tasks]
    return run_experiment(f"fold-{fold}-of-{folds}", settings, targets)


def _over_folds(name: str, task: Task, results: Sequence[Results], shared: float) -> Measured:
    """A value a fold: what the task's stages wrote."""
    table = tables({name: task}, results[0].evaluated)[0]
    shown = [column for column in table.columns if column.headline]
    rows = [rows_of(result) for result in results]
    models = [model for model, row in rows[0].items() if any(table.key(column) in row for column in shown)]
    values = {
        column.score: {model: np.array([row[model][table.key(column)].mean for row in rows]) for model in models}
        for column in shown
    }
    note = f"Folds: {len(rows)}. The intervals allow for the training tracks that folds share."
    return Measured(_title(name, task), note, shown, values, shared)


def _over_playlists(name: str, task: PlaylistContinuation, runs: Sequence[tuple[str, Results]]) -> Measured:
    """A value a playlist: its mean over the folds in which it has a known song and a test song.

    Playlists are what differs by chance. Those of several folds are no further ones: most of their known songs are the
    same.
    """
    counts = [next(iter(result.evaluated[name]["counts"].values())) for _, result in runs]
    candidates = float(np.mean([count["candidates"] for count in counts]))
    task = task.model_copy(update={"k": fitting_k(task, candidates)})
    models = [UNTRAINED, *runs[0][1].evaluated[name]["models"]]
    of_folds = [_playlists_of(name, task, revision, models) for revision, _ in runs]
    # The mean over the folds of each playlist, whose rows are the same in all of them.
    together = pd.concat(of_folds).groupby(level=0).mean()
    shown = continuation_columns(task)
    values = {
        column.score: {model: together[model, column.score].to_numpy() for model in (RANDOM, *models)}
        for column in shown
    }
    playlists = counts[0]["playlists"] + counts[0]["without_test_song"]
    note = (
        f"Means over {len(together)} of {playlists} playlists, each over the folds in which it has both a known and a"
        f" test song. A fold has {candidates:.1f} candidates, so k is {task.k}."
    )
    return Measured(_title(name, task), note, shown, values)


def _playlists_of(name: str, task: PlaylistContinuation, revision: str, models: Sequence[str]) -> pd.DataFrame:
    """What each playlist scores in a fold: its row in the table of playlists as the index, columns (model, score)."""
    with tempfile.TemporaryDirectory() as temporary:

        def fetched(output: Path) -> Path:
            there = Path(temporary, output)
            there.parent.mkdir(parents=True, exist_ok=True)
            fetch_output(revision, output, there)
            return there

        playlists = read_table(fetched(FRAMES / task.corpus / "playlists.parquet"), "tracks")
        split = read_table(fetched(SPLIT / f"{task.corpus}.parquet"), "track_id", "split")
        of_models: dict[str, pd.DataFrame] = {}
        for model in models:
            embedded = UNTRAINED_EMBEDDINGS / task.corpus if model == UNTRAINED else EMBEDDINGS / task.corpus / model
            embeddings = load_embeddings(fetched(embedded))
            found = find_continuations(playlists, split, embeddings.track_ids, f"evaluation.{name}")
            going_on = np.diff(found.known_PQ.indptr) > 0  # without a known song, no model can go on
            for row, scores in (
                (RANDOM, expected_by_chance(found, task.k)),
                (model, playlist_scores(embeddings, found, task)),
            ):
                of_models[row] = pd.DataFrame(scores, index=found.rows_P)[going_on]
    return pd.concat(of_models, axis=1, join="inner")  # the systems may embed different tracks


if __name__ == "__main__":
    run_stage(main)
