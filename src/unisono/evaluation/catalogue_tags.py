"""The catalogue's own genres as a tagging task, for users without the other datasets."""

import pandas as pd


def catalogue_labels(tracks: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Return a tagging table (`track_id`, `tags`, `split`): each track's genres and part.

    Args:
        tracks: columns `track_id` and `genres`.
        split: columns `track_id` and `part`; tracks in no part are left out.
    """
    labels = tracks[["track_id", "genres"]].merge(split[["track_id", "part"]], on="track_id", how="inner")
    return labels.rename(columns={"genres": "tags", "part": "split"})
