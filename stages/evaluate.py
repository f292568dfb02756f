"""`python stages/evaluate.py TASK`: one downstream task on the trained and on the untrained encoder's embeddings.

TASK is gtzan, jamendo, playlists or tags, with its settings in params.evaluation. Reads data/embeddings/, data/frames/
and data/split/; writes metrics/evaluate/TASK.json.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.embeddings import Embeddings, load_embeddings
from unisono.errors import UserError
from unisono.evaluation.catalogue_tags import catalogue_labels
from unisono.evaluation.genre_classification import evaluate_genres
from unisono.evaluation.playlist_continuation import evaluate_playlists, find_continuations, random_continuation
from unisono.evaluation.tagging import evaluate_tags
from unisono.params import Evaluation, GenreTask, Params, PlaylistTask, TaggingTask
from unisono.stage import run_stage, write_metrics

SPLIT = Path("data/split/split.parquet")


def evaluate_gtzan(task: GenreTask, trained: Embeddings, untrained: Embeddings) -> dict[str, Any]:
    labels = _table(task.corpus, "labels")
    where = f"evaluation.gtzan ({task.corpus})"
    result = evaluate_genres(trained, labels, task, where)
    return {**result, "untrained": {"accuracy": evaluate_genres(untrained, labels, task, where)["accuracy"]}}


def evaluate_jamendo(task: TaggingTask, trained: Embeddings, untrained: Embeddings) -> dict[str, Any]:
    result: dict[str, Any] = {"untrained": {}, "chance": {}, "counts": {}}
    for category, labels in _table(task.corpus, "labels").groupby("task"):
        scores = _tagging(task, trained, untrained, labels, f"evaluation.jamendo ({task.corpus}, {category})")
        for level in ("untrained", "chance", "counts"):
            result[level][category] = scores.pop(level)
        result[str(category)] = scores
    return result


def evaluate_catalogue_tags(task: TaggingTask, trained: Embeddings, untrained: Embeddings) -> dict[str, Any]:
    labels = catalogue_labels(_table(task.corpus, "tracks"), pd.read_parquet(SPLIT))
    return _tagging(task, trained, untrained, labels, f"evaluation.tags ({task.corpus})")


def evaluate_continuation(task: PlaylistTask, trained: Embeddings, untrained: Embeddings) -> dict[str, Any]:
    playlists = _table(task.corpus, "playlists")
    where = f"evaluation.playlists ({task.corpus})"
    continuations = find_continuations(playlists, pd.read_parquet(SPLIT), trained.track_ids, where)
    return {
        **evaluate_playlists(trained, continuations, task),
        "untrained": evaluate_playlists(untrained, continuations, task),
        "chance": random_continuation(continuations, task),
        "counts": continuations.counts,
    }


def _tagging(
    task: TaggingTask, trained: Embeddings, untrained: Embeddings, labels: pd.DataFrame, where: str
) -> dict[str, Any]:
    result = evaluate_tags(trained, labels, task, where)
    baseline = evaluate_tags(untrained, labels, task, where)
    return {**result, "untrained": {name: baseline[name] for name in ("roc_auc", "pr_auc")}}


def _table(corpus: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(Path("data/frames") / corpus / f"{name}.parquet")


TASKS: dict[str, Callable[[Any, Embeddings, Embeddings], dict[str, Any]]] = {
    "gtzan": evaluate_gtzan,
    "jamendo": evaluate_jamendo,
    "playlists": evaluate_continuation,
    "tags": evaluate_catalogue_tags,
}


def main(params: Params, name: str = "") -> None:
    if name not in Evaluation.model_fields:
        raise UserError(f"evaluate: unknown task '{name}'; expected one of {', '.join(TASKS)}")
    task = params.evaluation.tasks().get(name)
    if task is None:
        raise UserError(f"evaluation.{name}: not in params.yaml; add it, or leave out `evaluate.py {name}`")
    folders = (Path("data/embeddings") / encoder / task.corpus for encoder in ("trained", "untrained"))
    trained, untrained = map(load_embeddings, folders)
    write_metrics(Path(f"metrics/evaluate/{name}.json"), {name: TASKS[name](task, trained, untrained)})


if __name__ == "__main__":
    run_stage(main)
