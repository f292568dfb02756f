"""Which songs of each playlist training may see and which are to be found; and a split of the tracks by time.

A pair is a playlist and a song of it. Its time is that of the first listening; playlists that are no listening log
have none, and their pairs count as heard before any other.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from unisono.corpora.labels import PARTS
from unisono.errors import UserError

SCHEMA = pa.schema(
    {
        "playlist_id": pa.string(),
        "known": pa.list_(pa.string()),
        "counts": pa.list_(pa.float64()),
        "hidden": pa.list_(pa.string()),
    }
)


@dataclass(frozen=True)
class Periods:
    """When the validation and the test period start, in seconds since 1970, and how many tracks were heard in none."""

    validation_from: float
    test_from: float
    unheard: int


def time_split(
    track_ids: pd.Series, playlists: pd.DataFrame, validation: float, test: float
) -> tuple[pd.DataFrame, Periods]:
    """Split tracks by when anybody heard them first: in the last pairs by time, those before, or earlier.

    So the test part are songs that were new then, about which no listening tells training anything. Tracks that no log
    has heard are training tracks: their sound may teach, but nobody could be asked to find them.

    Args:
        playlists: columns `tracks` and `times`.
        validation, test: the periods' shares of the pairs that have a time; of tracks they leave other shares.

    Returns:
        columns track_id and split, in the order of `track_ids`; and the periods.

    Raises:
        UserError: no playlist has times, or a part would be empty.
    """
    pairs = _pairs(playlists)
    pairs = pairs[pairs["time"].notna()]
    if pairs.empty:
        raise UserError(
            "split.by is time, but no playlist has times of listening; give the listening log a column timestamp"
            " (docs/data.md), or set split.by to track in params.yaml"
        )
    times = np.sort(pairs["time"].to_numpy())
    shares = {"validation": validation + test, "test": test}
    starts = {part: float(times[-max(1, round(share * len(times)))]) for part, share in shares.items()}
    first_heard = pairs.groupby("track_id")["time"].min().reindex(track_ids).to_numpy()
    split = np.full(len(track_ids), "train", dtype=object)
    for part, start in starts.items():  # the test period is the end of the other
        split[first_heard >= start] = part
    for part in PARTS:
        if not (split == part).any():
            raise UserError(
                f"split.by is time, but the {part} part would be empty: of {len(times)} first listenings no song is"
                f" heard for the first time then; raise split.validation or split.test, or set split.by to track"
            )
    periods = Periods(starts["validation"], starts["test"], int(np.isnan(first_heard).sum()))
    return pd.DataFrame({"track_id": track_ids.to_numpy(), "split": split}), periods


def split_playlists(
    playlists: pd.DataFrame, split: pd.DataFrame, held_out: float, seed: int, test_from: float = np.inf
) -> pd.DataFrame:
    """Tell each playlist's known songs, which training may see, from its hidden ones.

    Hidden are the songs of the test part, those heard from `test_from` on, and of what is left a share, drawn for each
    playlist, which keeps at least one. Songs in no part are neither.

    Args:
        playlists: columns `playlist_id`, `tracks`, `counts` and `times`; a song that is listed twice counts once.
        split: columns `track_id` and `split`.
        held_out: the share.

    Returns:
        columns playlist_id, known, counts (of the known songs; 1 where a playlist has none) and hidden, a row a
        playlist, songs in their order.
    """
    pairs = _pairs(playlists)
    pairs["part"] = pairs["track_id"].map(split.set_index("track_id")["split"])
    pairs = pairs[pairs["part"].notna()].drop_duplicates(["playlist", "track_id"])
    hidden = ((pairs["part"] == "test") | (pairs["time"] >= test_from)).to_numpy(copy=True)
    if held_out:
        hidden[~hidden] = _draw(pairs["playlist"].to_numpy()[~hidden], held_out, seed)
    known = pairs[~hidden]
    return pd.DataFrame(
        {
            "playlist_id": playlists["playlist_id"].to_numpy(),
            "known": _lists(known["playlist"], known["track_id"], len(playlists)),
            "counts": _lists(known["playlist"], known["count"], len(playlists)),
            "hidden": _lists(pairs["playlist"][hidden], pairs["track_id"][hidden], len(playlists)),
        }
    )


def _pairs(playlists: pd.DataFrame) -> pd.DataFrame:
    """Columns playlist (its row), track_id, count (1 where there is none) and time (NaN where there is none)."""
    lengths = playlists["tracks"].map(len).to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "playlist": np.repeat(np.arange(len(playlists)), lengths),
            "track_id": _joined(playlists["tracks"], lengths, None),
            "count": _joined(playlists["counts"], lengths, 1.0),
            "time": _joined(playlists["times"], lengths, np.nan),
        }
    )


def _joined(lists: pd.Series, lengths: np.ndarray, default: float | None) -> np.ndarray:
    """All lists as one, in which an empty one is as many defaults as its playlist has songs."""
    filled = [values if len(values) else np.full(n, default) for values, n in zip(lists, lengths, strict=True)]
    kind = object if default is None else np.float64
    return np.concatenate([np.empty(0, dtype=kind), *filled], dtype=kind)


def _draw(playlist_P: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Whether each pair is drawn: of each playlist the share, rounded, but never all; playlists in ascending order."""
    shuffled_P = np.lexsort((np.random.default_rng(seed).random(len(playlist_P)), playlist_P))
    _, first, length = np.unique(playlist_P, return_index=True, return_counts=True)
    wanted = np.minimum(np.floor(share * length + 0.5), length - 1)
    drawn_P = np.empty(len(playlist_P), dtype=bool)
    drawn_P[shuffled_P] = np.arange(len(playlist_P)) - np.repeat(first, length) < np.repeat(wanted, length)
    return drawn_P


def _lists(playlist: pd.Series, values: pd.Series, n: int) -> pd.Series:
    """The values of each of n playlists."""
    bounds = np.searchsorted(playlist.to_numpy(), np.arange(1, n))
    return pd.Series(np.split(values.to_numpy(), bounds)[:n], dtype=object)
