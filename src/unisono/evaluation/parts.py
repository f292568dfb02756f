"""From tables of tracks to the rows of an embedding matrix, part by part of a split."""

from collections.abc import Iterable

import pandas as pd

from unisono.embeddings.read import Embeddings
from unisono.errors import UserError

PARTS = ("train", "validation", "test")


def embedded(labels: pd.DataFrame, embeddings: Embeddings, where: str) -> pd.DataFrame:
    """Return the rows of `labels` whose `track_id` has an embedding, with its `row` in the embeddings.

    Raises:
        UserError: none of them has one; `where` names the table in the message.
    """
    rows = embeddings.track_ids.get_indexer(pd.Index(labels["track_id"]))
    found = labels.assign(row=rows)[rows >= 0].reset_index(drop=True)
    if found.empty:
        raise UserError(
            f"{where}: none of its {len(labels)} tracks is among the {len(embeddings.track_ids)} embedded ones;"
            " both come from one corpus: run `dvc repro` to make them anew"
        )
    return found


def require_parts(column: pd.Series, needed: Iterable[str], where: str) -> None:
    """Raise a `UserError` when one of the `needed` parts has no track."""
    counts = {part: int((column == part).sum()) for part in PARTS}
    for part in needed:
        if counts[part] == 0:
            found = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise UserError(
                f"{where}: the {part} part has no track (found {found}); the probe needs at least one;"
                " look for the missing tracks in rejects.csv, give the corpus more tracks, or remove the task from"
                " `evaluation` in params.yaml"
            )
