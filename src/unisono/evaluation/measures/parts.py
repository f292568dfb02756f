"""From tables of tracks to the rows of an embedding matrix, part by part of a split."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from unisono.corpora.labels import PARTS
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.task import NotMeasurable


def embedded(labels: pd.DataFrame, track_ids: pd.Index, where: str) -> pd.DataFrame:
    """Return the rows of `labels` whose `track_id` is among the embedded `track_ids`, with its `row` there.

    Raises:
        UserError: none of them is; `where` names the table in the message.
    """
    rows = track_ids.get_indexer(pd.Index(labels["track_id"]))
    found = labels.assign(row=rows)[rows >= 0].reset_index(drop=True)
    if found.empty:
        raise UserError(
            f"{where}: none of its {len(labels)} tracks is among the {len(track_ids)} embedded ones;"
            " both come from one corpus: run `dvc repro` to make them anew"
        )
    return found


def windows_of(embeddings: Embeddings, rows_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the windows of the tracks at `rows_N` lie (m,), track after track, and their tracks (m,), 0..n-1."""
    counts_N = embeddings.n_windows[rows_N]
    track_M = np.repeat(np.arange(len(rows_N)), counts_N)
    before_N = np.cumsum(counts_N) - counts_N
    return np.arange(len(track_M)) + (embeddings.first_window[rows_N] - before_N)[track_M], track_M


def require_parts(column: pd.Series, needed: Iterable[str]) -> None:
    """Check that none of the `needed` parts is without a track.

    Raises:
        NotMeasurable: one is.
    """
    counts = {part: int((column == part).sum()) for part in PARTS}
    for part in needed:
        if counts[part] == 0:
            found = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise NotMeasurable(f"the {part} part has no track (found {found})")
