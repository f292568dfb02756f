"""Same track: an excerpt asks for the nearest others of the corpus, and those of its own track are right.

It needs neither genres nor playlists. Shapes: N tracks; M windows (excerpts), the gallery; Q of them that ask; K ranks.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from unisono.artifacts.read import read_table
from unisono.embeddings.neighbours import nearest_others, normalised
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.evaluation.measures.parts import windows_of
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import SameTrack

HAS_UNTRAINED = True
MOST_WINDOWS = 50_000  # all are compared with all: a minute or more, and a hundred times that for ten times as many


def columns(task: SameTrack) -> tuple[Column, ...]:
    """All scores; the one that stands for the task is that of the fewest ranks."""
    first = min(task.recall_at)
    return tuple(Column(f"r@{k}", f"R@{k}", 1, headline=k == first, over_repeats=False) for k in task.recall_at)


def score(task: SameTrack, model: Path, corpus: Corpus) -> Measured:
    return evaluate_same_track(load_embeddings(model), _split(corpus), task)


def chance(task: SameTrack, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_same_track(n_windows, _split(corpus), task)


def evaluate_same_track(embeddings: Embeddings, split: pd.DataFrame, task: SameTrack) -> Measured:
    """Return `r@K` in percent for the K of the task, whose std and n are over the queries.

    Every window of a track with at least two is a query; all the other windows, those of tracks with one included, are
    its gallery. r@K is the share of the queries that have a window of their own track among the K nearest by cosine; of
    equally near ones the earlier comes first.

    Where tracks are split, only those that are nowhere but in a test part take part: windows of training tracks were
    drawn together while training. Of more than 50,000 windows (`MOST_WINDOWS`), about as many are kept: those of
    tracks evenly spread over the corpus, always the same; `tracks_left_out` counts the others.

    Args:
        embeddings: of the corpus.
        split: columns `track_id` and `split`, any number of rows a track; without a row, all tracks take part.

    Raises:
        NotMeasurable: fewer than two tracks have at least two windows.
    """
    n_windows_N, left_out = _taking_part(pd.Series(embeddings.n_windows, embeddings.track_ids), split)
    windows_M, track_M = windows_of(embeddings, embeddings.track_ids.get_indexer(n_windows_N.index))
    nearest_MK = nearest_others(normalised(embeddings.windows_MD[windows_M]), max(task.recall_at))
    own_MK = track_M[nearest_MK] == track_M[:, None]  # -1 stands only after all others, which changes no score
    own_QK = own_MK[n_windows_N.to_numpy()[track_M] > 1]
    return Measured(
        scores={f"r@{k}": summarise(100.0 * own_QK[:, :k].any(axis=1)) for k in task.recall_at},
        counts={
            "queries": len(own_QK),
            "windows": len(track_M),
            "tracks": len(n_windows_N),
            "tracks_of_one_window": int((n_windows_N == 1).sum()),
            "tracks_left_out": left_out,
        },
    )


def random_same_track(n_windows: pd.Series, split: pd.DataFrame, task: SameTrack) -> dict[str, Summary]:
    """Return the expected `r@K` in percent of the windows in random order; exact, hence a std of 0.

    Args:
        n_windows: how many windows each embedded track has, by `track_id`.

    `split`, the tracks that take part and the errors are `evaluate_same_track`'s.
    """
    n_windows_N = _taking_part(n_windows, split)[0].to_numpy()
    others, asking_N = n_windows_N.sum() - 1, n_windows_N[n_windows_N > 1]

    def expected(k: int) -> float:
        """The share of the queries that draw one of their own among k of the others, without putting back."""
        found_N = hypergeom.sf(0, others, asking_N - 1, min(k, others))
        return float(np.average(found_N, weights=asking_N))

    return {f"r@{k}": summarise([100 * expected(k)]) for k in task.recall_at}


def _split(corpus: Corpus) -> pd.DataFrame:
    """The parts that the tracks are in: by the corpus's split, or by its labels; a track may have more than one."""
    tables = [read_table(corpus.split, "track_id", "split"), corpus.table("labels", "track_id", "split")]
    return pd.concat([table[["track_id", "split"]] for table in tables], ignore_index=True)


def _taking_part(n_windows: pd.Series, split: pd.DataFrame) -> tuple[pd.Series, int]:
    """The tracks of the test part, or all where there is no split, with their number of windows; how many are too many.

    Of tracks with too many windows, so many are kept, evenly spread, as have about `MOST_WINDOWS`.
    """
    in_test = split["split"] == "test"
    test = set(split.loc[in_test, "track_id"]) - set(split.loc[~in_test, "track_id"])
    found = n_windows if split.empty else n_windows[n_windows.index.isin(test)]
    kept = min(len(found), len(found) * MOST_WINDOWS // max(int(found.sum()), 1))
    taking_part = found.iloc[np.arange(kept) * len(found) // max(kept, 1)]
    with_others = int((taking_part > 1).sum())
    if with_others < 2:
        raise NotMeasurable(
            f"{'the corpus' if split.empty else 'the test part'} has {len(taking_part)} embedded tracks, {with_others}"
            " of them with two windows or more; same_track needs at least 2"
        )
    return taking_part, len(found) - kept
