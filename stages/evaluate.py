"""`python stages/evaluate.py TASK`: one downstream task on the trained and on the untrained encoder's embeddings.

TASK is gtzan, jamendo, playlists, tags, retrieval or autotagging, with its settings in params.evaluation. Reads
data/embeddings/, data/frames/ and data/split/; writes metrics/evaluate/TASK.json.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.embeddings import Embeddings, load_embeddings
from unisono.errors import UserError
from unisono.evaluation.autotagging import evaluate_autotagging
from unisono.evaluation.genre_classification import evaluate_genres
from unisono.evaluation.playlist_continuation import evaluate_playlists, find_continuations, random_continuation
from unisono.evaluation.retrieval import evaluate_retrieval, random_retrieval
from unisono.evaluation.tagging import evaluate_tags
from unisono.labels import CATALOGUE_GENRES, corpus_labels
from unisono.params import AutotaggingTask, Evaluation, GenreTask, Params, PlaylistTask, RetrievalTask, TaggingTask
from unisono.stage import run_stage, write_metrics
from unisono.vectors import load_vectors

EMBEDDINGS, FRAMES, SPLIT = Path("data/embeddings"), Path("data/frames"), Path("data/split/split.parquet")
JAMENDO_CATEGORIES = ("genre", "instrument", "mood")  # the paper's table has these, and not the reader's task top50
Load = Callable[[str], Embeddings]  # the embeddings of the task's corpus by a model: trained | untrained | similarity


def evaluate_gtzan(task: GenreTask, load: Load, where: str) -> dict[str, Any]:
    labels = _table(task.corpus, "labels")
    result, untrained = (evaluate_genres(load(model), labels, task, where) for model in ("trained", "untrained"))
    return {**result, "untrained": {"accuracy": untrained["accuracy"]}}


def evaluate_jamendo(task: TaggingTask, load: Load, where: str) -> dict[str, Any]:
    result: dict[str, Any] = {"untrained": {}, "chance": {}, "counts": {}}
    table = _table(task.corpus, "labels")
    for category, labels in table[table["task"].isin(JAMENDO_CATEGORIES)].groupby("task"):
        scores = _tagging(task, load, labels, f"{where}, {category}")
        for level in ("untrained", "chance", "counts"):
            result[level][category] = scores.pop(level)
        result[str(category)] = scores
    return result


def evaluate_catalogue_tags(task: TaggingTask, load: Load, where: str) -> dict[str, Any]:
    return _tagging(task, load, corpus_labels(FRAMES / task.corpus, CATALOGUE_GENRES, SPLIT), where)


def evaluate_continuation(task: PlaylistTask, load: Load, where: str) -> dict[str, Any]:
    trained = load("trained")
    playlists = _table(task.corpus, "playlists")
    continuations = find_continuations(playlists, pd.read_parquet(SPLIT), trained.track_ids, where)
    return {
        **evaluate_playlists(trained, continuations, task),
        "untrained": evaluate_playlists(load("untrained"), continuations, task),
        "chance": random_continuation(continuations, task),
        "counts": continuations.counts,
    }


def evaluate_similarity(task: RetrievalTask, load: Load, where: str) -> dict[str, Any]:
    """Both systems on the same tracks: `similarity` is the second one, `alignment` the first."""
    labels = corpus_labels(FRAMES / task.corpus, task.labels, SPLIT)
    models = {"similarity": "similarity", "alignment": "trained", "untrained": "untrained"}
    scores = {level: evaluate_retrieval(load(model), labels, task, where) for level, model in models.items()}
    counts = [result.pop("counts") for result in scores.values()]
    return {**scores, "chance": random_retrieval(labels, task), "counts": counts[0]}


def evaluate_tag_head(task: AutotaggingTask, load: Load, where: str) -> dict[str, Any]:
    folder = EMBEDDINGS / task.corpus / "similarity" / "tag_head"
    if not folder.exists():
        raise UserError(f"{where}: the model has no tag head, as no label was kept; raise finetune.label_fraction")
    labels = corpus_labels(FRAMES / task.corpus, task.labels, SPLIT)
    result = evaluate_autotagging(load("similarity"), *load_vectors(folder), labels, where)
    return {level: result.pop(level) for level in ("chance", "counts")} | {"similarity": result}


def _tagging(task: TaggingTask, load: Load, labels: pd.DataFrame, where: str) -> dict[str, Any]:
    result, untrained = (evaluate_tags(load(model), labels, task, where) for model in ("trained", "untrained"))
    return {**result, "untrained": {name: untrained[name] for name in ("roc_auc", "pr_auc")}}


def _table(corpus: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(FRAMES / corpus / f"{name}.parquet")


TASKS: dict[str, Callable[[Any, Load, str], dict[str, Any]]] = {
    "gtzan": evaluate_gtzan,
    "jamendo": evaluate_jamendo,
    "playlists": evaluate_continuation,
    "tags": evaluate_catalogue_tags,
    "retrieval": evaluate_similarity,
    "autotagging": evaluate_tag_head,
}


def main(params: Params, name: str = "") -> None:
    if name not in Evaluation.model_fields:
        raise UserError(f"evaluate: unknown task '{name}'; expected one of {', '.join(TASKS)}")
    task = params.evaluation.tasks().get(name)
    if task is None:
        raise UserError(f"evaluation.{name}: not in params.yaml; add it, or leave out `evaluate.py {name}`")
    metrics = TASKS[name](
        task, lambda model: load_embeddings(EMBEDDINGS / task.corpus / model), f"evaluation.{name} ({task.corpus})"
    )
    write_metrics(Path(f"metrics/evaluate/{name}.json"), {name: metrics})


if __name__ == "__main__":
    run_stage(main)
