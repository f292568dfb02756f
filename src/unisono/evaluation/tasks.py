"""The tasks of params.evaluation that any encoder's embeddings can be scored by.

A task is imported when it is scored: torch and scikit-learn take seconds, and each task needs only some of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.corpora.labels import CATALOGUE_GENRES, corpus_labels
from unisono.embeddings.read import Embeddings
from unisono.params import GenreTask, PlaylistTask, RetrievalTask, TaggingTask

LABELS = ("track_id", "tags", "split")
JAMENDO_CATEGORIES = ("genre", "instrument", "mood")  # the paper's table has these, and not the reader's task top50


@dataclass(frozen=True)
class Corpus:
    """What the tasks know of a packed corpus beside its embeddings.

    Attributes:
        folder: its tables, as they were packed.
        split: the catalogue's split, for labels that have none of their own.
        where: what to call the task and its corpus in an error.
    """

    folder: Path
    split: Path
    where: str

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        return read_table(self.folder / f"{name}.parquet", *columns)

    def labels(self, name: str) -> pd.DataFrame:
        return corpus_labels(self.folder, name, self.split)


def score_gtzan(task: GenreTask, embeddings: Embeddings, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.genre_classification import evaluate_genres

    return evaluate_genres(embeddings, corpus.table("labels", *LABELS), task, corpus.where)


def score_jamendo(task: TaggingTask, embeddings: Embeddings, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.tagging import evaluate_tags

    result: dict[str, Any] = {"chance": {}, "counts": {}}
    table = corpus.table("labels", "task", *LABELS)
    for category, labels in table[table["task"].isin(JAMENDO_CATEGORIES)].groupby("task"):
        scores = evaluate_tags(embeddings, labels, task, f"{corpus.where}, {category}")
        for aside in ("chance", "counts"):
            result[aside][category] = scores.pop(aside)
        result[str(category)] = scores
    return result


def score_tags(task: TaggingTask, embeddings: Embeddings, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.tagging import evaluate_tags

    return evaluate_tags(embeddings, corpus.labels(CATALOGUE_GENRES), task, corpus.where)


def score_playlists(task: PlaylistTask, embeddings: Embeddings, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.playlist_continuation import evaluate_playlists, find_continuations, random_continuation

    split = read_table(corpus.split, "track_id", "split")
    playlists = corpus.table("playlists", "tracks")
    continuations = find_continuations(playlists, split, embeddings.track_ids, corpus.where)
    return {
        **evaluate_playlists(embeddings, continuations, task),
        "chance": random_continuation(continuations, task),
        "counts": continuations.counts,
    }


def score_retrieval(task: RetrievalTask, embeddings: Embeddings, corpus: Corpus) -> dict[str, Any]:
    from unisono.evaluation.retrieval import evaluate_retrieval, random_retrieval

    labels = corpus.labels(task.labels)
    return {
        **evaluate_retrieval(embeddings, labels, task, corpus.where),
        "chance": random_retrieval(labels, task),
    }


# A task's name in params.evaluation -> its scores, beside which lie `chance` and `counts`.
TASKS: dict[str, Callable[[Any, Embeddings, Corpus], dict[str, Any]]] = {
    "gtzan": score_gtzan,
    "jamendo": score_jamendo,
    "playlists": score_playlists,
    "tags": score_tags,
    "retrieval": score_retrieval,
}
