"""Labels of a corpus: which of its label sets, as tables and as matrices. N tracks, C tags."""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.artifacts.read import read_table
from unisono.errors import UserError
from unisono.params.holdings import GENRES

PARTS = ("train", "validation", "test")


def corpus_labels(corpus: Path, labels: str, split: Path) -> pd.DataFrame:
    """One set of labels of a packed corpus: columns `track_id`, `tags` and `split`.

    Args:
        corpus: the folder of the packed corpus.
        labels: one of the corpus's tasks (magnatagatune: pons2017 | tagged; jamendo: top50 | genre | ...), or
            "genres": the catalogue's own genres.
        split: the table of its split, for labels that have none of their own.

    Raises:
        UserError: the corpus has no such labels, or a table is missing or damaged.
    """
    if labels == GENRES:
        tracks = read_table(corpus / "tracks.parquet", "track_id", "genres")
        return catalogue_labels(tracks, read_table(split, "track_id", "split"))
    table = read_table(corpus / "labels.parquet", "track_id", "tags", "split", "task")
    if labels not in set(table["task"]):
        known = ", ".join([*sorted(set(table["task"])), GENRES])
        raise UserError(f"params.yaml: labels is '{labels}', but {corpus} has only the labels {known}")
    return table[table["task"] == labels].drop(columns="task").reset_index(drop=True)


def catalogue_labels(tracks: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """The catalogue's own genres as labels: each track's genres and part.

    Args:
        tracks: columns `track_id` and `genres`.
        split: columns `track_id` and `split`; tracks in no part are left out.
    """
    labels = tracks[["track_id", "genres"]].merge(split[["track_id", "split"]], on="track_id", how="inner")
    return labels.rename(columns={"genres": "tags"})


def multi_hot(tags: pd.Series, vocabulary: list[str]) -> np.ndarray:
    """Which tag of the vocabulary each track has: (N, C) uint8."""
    exploded = tags.reset_index(drop=True).explode().dropna()
    columns = pd.Index(vocabulary).get_indexer(pd.Index(exploded))
    targets_NC = np.zeros((len(tags), len(vocabulary)), dtype=np.uint8)
    targets_NC[exploded.index.to_numpy()[columns >= 0], columns[columns >= 0]] = 1
    return targets_NC
