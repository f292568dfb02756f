"""What playlist continuation asks: the playlists, what of them is known, and what is to be found.

Shapes: P playlists, Q queries (known songs), S candidates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from unisono.errors import UserError
from unisono.evaluation.task import NotMeasurable


@dataclass(frozen=True)
class Continuations:
    """The task: playlists with at least one song to be found, and their known songs.

    Attributes:
        playlists: their ids (p).
        queries: ids of the songs (q) that some of them knows, from the training and validation parts.
        candidates: ids of the songs (s) that a continuation may have, sorted.
        known_PQ: which queries each playlist holds.
        held_PS: which candidates each playlist knows, so that its continuation does not have them.
        truth_PS: which candidates are to be found for each playlist; at least one.
        knowing_S: how many of all playlists know a candidate.
        holding_S: how many know or hide it.
        counts: how many playlists there are, and how many were left out for want of a song to be found.
    """

    playlists: pd.Index
    queries: pd.Index
    candidates: pd.Index
    known_PQ: csr_matrix
    held_PS: csr_matrix
    truth_PS: csr_matrix
    knowing_S: np.ndarray
    holding_S: np.ndarray
    counts: dict[str, int]

    @property
    def relevant_P(self) -> np.ndarray:
        """How many songs are to be found for each playlist."""
        return np.diff(self.truth_PS.indptr)


def find_continuations(
    playlists: pd.DataFrame, split: pd.DataFrame, embedded: pd.Index, where: str, songs: str = "cold"
) -> Continuations:
    """Return the playlists to continue.

    Args:
        playlists: columns `playlist_id`, `known` and `hidden`, as the split has them.
        split: columns `track_id` and `split`.
        embedded: ids of the songs that have an embedding; the others are left out.
        where: what to call the playlists in an error.
        songs: what is to be found: `cold`, songs of the test part, or `known`, hidden songs of the others.

    Raises:
        NotMeasurable: there is no playlist, or none hides a song of the kind.
        UserError: no song that may be found is embedded.
    """
    if playlists.empty:
        raise NotMeasurable("there are no playlists")
    part = split.set_index("track_id")["split"]
    part = part[part.index.isin(embedded)]
    candidates = pd.Index(sorted(part.index[(part == "test") == (songs == "cold")]))
    if candidates.empty:
        part_name = "test part" if songs == "cold" else "training and validation parts"
        raise UserError(
            f"{where}: no song of the {part_name} has an embedding; change the shares of split in params.yaml, or run"
            " `dvc repro`"
        )
    known, hidden = (_pairs(playlists[column]) for column in ("known", "hidden"))
    holding = pd.concat([known, hidden])["track_id"].value_counts()
    truth = hidden[hidden["track_id"].isin(candidates)]
    continued = np.sort(truth["playlist"].unique())
    if len(continued) == 0:
        raise NotMeasurable(_nothing_hidden(len(playlists), len(candidates), songs))
    knowing = known["track_id"].value_counts()
    known = known[known["track_id"].isin(part.index) & known["playlist"].isin(continued)]
    queries = pd.Index(sorted(known["track_id"].unique()))
    known_PQ = _membership(known, continued, queries)
    counts = {
        "playlists": len(continued),
        "without_known_song": int((np.diff(known_PQ.indptr) == 0).sum()),
        f"without_{'test' if songs == 'cold' else 'hidden'}_song": len(playlists) - len(continued),
        "queries": len(queries),
        "candidates": len(candidates),
    }
    return Continuations(
        playlists=pd.Index(playlists["playlist_id"].to_numpy()[continued], name="item"),
        queries=queries,
        candidates=candidates,
        known_PQ=known_PQ,
        held_PS=_membership(known[known["track_id"].isin(candidates)], continued, candidates),
        truth_PS=_membership(truth, continued, candidates),
        knowing_S=knowing.reindex(candidates, fill_value=0).to_numpy(),
        holding_S=holding.reindex(candidates, fill_value=0).to_numpy(),
        counts=counts,
    )


def _nothing_hidden(playlists: int, candidates: int, songs: str) -> str:
    if songs == "cold":
        return f"none of the {playlists} playlists holds one of the {candidates} songs of the test part"
    return (
        f"none of the {playlists} playlists hides one of the {candidates} songs that training knows;"
        " raise split.held_out above 0, or set split.by to time"
    )


def _pairs(lists: pd.Series) -> pd.DataFrame:
    """Columns playlist (its number) and track_id, a row a song of each list."""
    pairs = pd.DataFrame({"playlist": np.arange(len(lists)), "track_id": lists.to_numpy()})
    return pairs.explode("track_id").dropna()


def _membership(pairs: pd.DataFrame, playlists: np.ndarray, tracks: pd.Index) -> csr_matrix:
    """Which tracks each of the ascending playlist numbers holds."""
    rows = np.searchsorted(playlists, pairs["playlist"].to_numpy())
    columns = tracks.get_indexer(pd.Index(pairs["track_id"]))
    return csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(playlists), len(tracks)))
