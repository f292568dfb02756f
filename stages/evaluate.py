"""One downstream task, a row of params.evaluation.

    python stages/evaluate.py NAME                what was trained
    python stages/evaluate.py NAME baselines      what no training changes: the untrained encoder, plain statistics,
                                                  ridge, others' vectors, chance; popularity and WARP for playlists

Reads data/frames/, data/split/ and data/embeddings/, for the baselines data/baselines/. Writes
metrics/evaluate/NAME.json and metrics/details/evaluate/NAME.json, or metrics/details/baselines/NAME.json alone, and
beside them each item's scores in data/scores/. A task whose labels or playlists do not exist is left out: the files say
so.
"""

import sys
from dataclasses import replace
from pathlib import Path

from unisono.artifacts.read import read_table
from unisono.embeddings.read import INDEX
from unisono.errors import UserError
from unisono.evaluation.task import (
    NO_ITEMS,
    WITHOUT_VECTOR,
    Corpus,
    NotMeasurable,
    Scores,
    kind_of,
    score,
    with_references,
)
from unisono.params import Params, Task
from unisono.stage import run_stage, write_json, write_metrics

EMBEDDINGS, BASELINES = Path("data/embeddings"), Path("data/baselines")
FRAMES, SPLIT, ITEMS = Path("data/frames"), Path("data/split"), Path("data/scores")


def main(params: Params, name: str = "", what: str = "trained") -> None:
    task = params.evaluation.get(name)
    if task is None or what not in ("trained", "baselines"):
        known = ", ".join(params.evaluation) or "none"
        raise UserError(
            f"evaluate.py {name} {what}: expected a task of params.evaluation ({known}), and `baselines` or nothing"
        )
    factors = BASELINES / task.corpus / "factors" if task.corpus in params.systems.alignment else None
    where = f"evaluation.{name} ({task.corpus})"
    corpus = Corpus(FRAMES / task.corpus, SPLIT / f"{task.corpus}.parquet", where, factors, params.machine.device)
    try:
        scores = baselines(task, params, corpus) if what == "baselines" else score(task, models(task, params), corpus)
        headline, details = {name: scores.headline(name_models=task.model == "")}, scores.to_json()
        items = scores.item_table()
    except NotMeasurable as reason:
        print(f"evaluation.{name} is left out: {reason}", file=sys.stderr)
        headline, details, items = {}, {"left_out": str(reason)}, NO_ITEMS
    out = ITEMS / ("baselines" if what == "baselines" else "evaluate")
    out.mkdir(parents=True, exist_ok=True)
    items.to_parquet(out / f"{name}.parquet", index=False)
    if what == "baselines":
        write_json(Path(f"metrics/details/baselines/{name}.json"), details)
    else:
        write_metrics(f"evaluate/{name}", headline, details)


def models(task: Task, params: Params) -> dict[str, Path]:
    """The folders of the embeddings to score; what a system left that params no longer run is not among them."""
    embedded = {"similarity": params.systems.metric_learning, "trained": params.systems.embed}
    compared = [task.model] if task.model else [model for model, corpora in embedded.items() if task.corpus in corpora]
    return {model: EMBEDDINGS / task.corpus / model for model in compared}


def baselines(task: Task, params: Params, corpus: Corpus) -> Scores:
    """What was not trained, and others' vectors, if such can do the task; chance, and what is no embedding."""
    kind, untrained = kind_of(task), BASELINES / task.corpus / "untrained"
    names = ["untrained", "statistics", *(["ridge"] if params.systems.alignment else [])]
    names += [name for name, foreign in params.compare.items() if foreign.corpus == task.corpus]
    folders = {name: BASELINES / task.corpus / name for name in names}
    # Without an alignment there is no ridge, and without genres and playlists its folder is empty.
    there = {name: folder for name, folder in folders.items() if name != "ridge" or (folder / INDEX).exists()}
    scores = score(task, there if kind.HAS_UNTRAINED else {}, corpus, params.compare)
    for name in scores.counts.keys() & params.compare.keys():
        lacking = len(corpus.table("tracks", "track_id")) - len(read_table(there[name] / INDEX))
        scores.counts[name][WITHOUT_VECTOR] = lacking
    n_windows = read_table(untrained / INDEX, "track_id", "n_windows").set_index("track_id")["n_windows"]
    scores = replace(scores, chance=kind.chance(task, n_windows, corpus))
    return with_references(scores, task, n_windows.index, corpus)


if __name__ == "__main__":
    run_stage(main)
