"""What is my data worth? Models that are aligned with each kind of data that a catalogue has, and with several.

    python -m unisono.experiments.worth SEED [SEED ...]        (make worth SEEDS="0 1 2", after make repro)

Runs each model with each training seed by DVC's queue, as an experiment named worth-DATA-SEED, and writes
report/worth.md, report/worth.png and metrics/details/worth.json, which `dvc repro` then shows in report/index.html:
what the data add over the input itself and over ridge, for new and for known songs, and what cannot be told apart.
What is finished is not run again, also after an interruption.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem

from unisono.alignment.alignments import AUDIO, CROP, Alignment, all_alignments
from unisono.artifacts.read import read_json
from unisono.errors import UserError
from unisono.experiments.queue import run_queued
from unisono.experiments.runner import Overrides, details_at, parse_seeds, refuse_before_repro
from unisono.modalities.registry import MODALITIES
from unisono.params import Params, Task
from unisono.params.evaluation import PlaylistContinuation
from unisono.params.holdings import Holdings, refuse_what_is_missing
from unisono.report.gains import Gains, gains
from unisono.report.models import row_titles
from unisono.report.scores import MODELS, STATISTICS, Results, mean_of_runs, rows_of
from unisono.report.tables import Table, tables
from unisono.report.worth import Worth, draw, page, title_of, to_json
from unisono.stage import run_stage, write_json

INVENTORY, ITEMS = Path("data/inventory"), Path("data/scores")
STAGES = ("evaluate", "baselines")
TRAINED, SECOND = MODELS
SONGS = {"cold": "New songs", "known": "Known songs"}


def main(params: Params, *arguments: str) -> None:
    seeds = parse_seeds(arguments)
    refuse_before_repro()
    if not params.systems.alignment:
        raise UserError(
            "params.yaml: systems.alignment is [], so nothing is aligned; name the corpus that you ask about"
        )
    corpus = params.systems.alignment[0]
    tasks = {name: task for name, task in params.evaluation.items() if task.corpus == corpus and task.model != SECOND}
    if not tasks:
        raise UserError(f"params.yaml: evaluation has no task of {corpus}; add one, such as playlist_continuation")
    data = available(params, corpus, Holdings.model_validate(read_json(INVENTORY / f"{corpus}.json")))
    models = {title_of(names, data): names for names in combinations(data)}
    experiments: dict[str, Overrides] = {
        experiment(names, seed): {**weights(params, names), "train.seed": seed}
        for names in models.values()
        for seed in seeds
    }
    revisions = run_queued(experiments, [f"{stage}@{task}" for stage in STAGES for task in tasks])
    of_models = {title: [revisions[experiment(names, seed)] for seed in seeds] for title, names in models.items()}
    found = answer(params, tasks, data, models, of_models, seeds)
    write_json(Path("metrics/details/worth.json"), to_json(found))
    output, picture = Path("report/worth.md"), Path("report/worth.png")
    output.parent.mkdir(exist_ok=True)
    if found.gains:
        draw(found, picture)
    output.write_text(page(found, picture.name), encoding="utf-8")


def available(params: Params, corpus: str, has: Holdings) -> list[str]:
    """What the corpus has to align audio with, in the plural: the modalities whose weights its inventory allows.

    One of which no name was left to learn from, such as words that are all too rare, is not among them.

    Raises:
        UserError: it has nothing.
    """
    systems = params.systems.model_copy(update={"metric_learning": []})
    found = []
    for row in _of_audio(params):
        loss = params.loss.model_copy(update={f"lambda_{other.name}": float(other == row) for other in _rows(params)})
        try:
            refuse_what_is_missing(params.model_copy(update={"systems": systems, "loss": loss}), corpus, has)
        except UserError:
            continue
        if _has_names(f"{row.b}s"):
            found.append(f"{row.b}s")
    if not found:
        raise UserError(f"corpora.{corpus}: it has nothing to align audio with; add genres or playlists")
    return found


def combinations(data: Sequence[str]) -> list[tuple[str, ...]]:
    """The models: each kind of data alone, the paper's two, everything, and everything without each."""
    paper = tuple(name for name in data if name in ("genres", "playlists"))
    without = [tuple(other for other in data if other != name) for name in data]
    return list(dict.fromkeys([*((name,) for name in data), paper or tuple(data), tuple(data), *filter(None, without)]))


def weights(params: Params, names: Sequence[str]) -> Overrides:
    """The weights of the model that is aligned with these data: as params have them, and 1 where they have 0.

    What params align beside audio, such as genres with playlists, stays where the model has both.
    """
    found: Overrides = {}
    for row in _rows(params):
        if {f"{side}s" for side in (row.a, row.b) if side not in (AUDIO, CROP)} <= set(names):
            of_data = row.a == AUDIO and row.b != CROP
            found[f"++loss.lambda_{row.name}"] = (row.weight or 1.0) if of_data else row.weight
        else:
            found[f"++loss.lambda_{row.name}"] = 0.0
    return found


def experiment(names: Sequence[str], seed: int) -> str:
    """What a model's experiment is called."""
    return f"worth-{'-'.join(names)}-{seed}"


def answer(
    params: Params,
    tasks: Mapping[str, Task],
    data: Sequence[str],
    models: Mapping[str, Sequence[str]],
    revisions: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
) -> Worth:
    """What the experiments found.

    Args:
        models, revisions: by the model's title, its data, and its git revision for each seed.
    """
    results = {
        title: [Results(*(details_at(revision, stage, tasks) for stage in STAGES)) for revision in of_seeds]
        for title, of_seeds in revisions.items()
    }
    full = title_of(data, data)
    first = results[full][0]
    with_items, others = {}, []
    for table in tables(tasks, first.evaluated):
        task = tasks[table.name]
        if isinstance(task, PlaylistContinuation) and (found := _gains(table, revisions, full)) is not None:
            with_items[f"{SONGS[task.songs]}: {table.name}"] = found
        else:
            others.append(table)
    runs = {title: [rows_of(result) for result in of_seeds] for title, of_seeds in results.items()}
    baselines = row_titles(params.encoder.kind, runs[full][0].keys() - set(MODELS), first.without_vector)
    own = {baselines[row]: mean_of_runs([run[row] for run in runs[full]]) for row in runs[full][0] if row in baselines}
    own |= {title: mean_of_runs([run[TRAINED] for run in of_seeds]) for title, of_seeds in runs.items()}
    licence = params.vectors.licence if params.encoder.kind == "vectors" else ""
    return Worth(data, models, with_items, others, own, seeds, licence, first.left_out)


def _has_names(data: str) -> bool:
    """Whether the last run of the pipeline found a genre, word or artist to learn from; true of what has no names."""
    metrics = Path("metrics", f"{data}.json")
    return not metrics.exists() or read_json(metrics, data, "n") > 0


def _rows(params: Params) -> list[Alignment]:
    return all_alignments(params.loss, MODALITIES)


def _of_audio(params: Params) -> list[Alignment]:
    return [row for row in _rows(params) if row.a == AUDIO and row.b != CROP]


def _gains(table: Table, revisions: Mapping[str, Sequence[str]], full: str) -> Gains | None:
    """The gains of a task's items, over the baselines of the model `full`; None if it has none."""
    of_models = {
        title: [_items(revision, "evaluate", table.name) for revision in of_seeds]
        for title, of_seeds in revisions.items()
    }
    found = gains(table.columns, _items(revisions[full][0], "baselines", table.name), of_models, TRAINED)
    if found and STATISTICS not in found.baselines:
        raise UserError(f"evaluation.{table.name}: its baselines have no row {STATISTICS}; make them with `make repro`")
    return found


def _items(revision: str, stage: str, task: str) -> pd.DataFrame:
    """Each item's scores, as a stage wrote them at a revision."""
    with DVCFileSystem(rev=revision).open((ITEMS / stage / f"{task}.parquet").as_posix(), "rb") as file:
        return pd.read_parquet(file)


if __name__ == "__main__":
    run_stage(main)
