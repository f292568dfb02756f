"""Single-label classification of tracks from their windows: GTZAN."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.dummy import DummyClassifier

from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.parts import PARTS, embedded, require_parts
from unisono.evaluation.probe import Instances, fit_probe
from unisono.evaluation.summary import summarise
from unisono.params import GenreTask


def evaluate_genres(embeddings: Embeddings, labels: pd.DataFrame, task: GenreTask, where: str) -> dict[str, Any]:
    """Return `accuracy` on the test tracks, its `chance` level and `counts`.

    Every window is a training instance of an MLP without batch norm; a test track's genre is the majority vote of its
    windows (section 3.3, genre classification). Chance is guessing at random with the training tracks' genre
    frequencies, drawn once a repeat.

    Args:
        embeddings: of the corpus that `labels` names the tracks of.
        labels: columns `track_id`, `tags` (exactly one genre) and `split`.
        where: what to call the labels in an error.

    Raises:
        UserError: no track is embedded, a needed part is empty, a track has not one genre, or there is one genre only.
    """
    tracks = embedded(labels, embeddings, where)
    early_stopping = task.probe.patience < task.probe.epochs
    require_parts(tracks["split"], PARTS if early_stopping else ("train", "test"), where)
    genres, classes = _genres(tracks, where)
    parts = {part: (tracks["split"] == part).to_numpy() for part in PARTS}
    seeds = range(task.seed, task.seed + task.repeats)

    def windows_of(part: str) -> tuple[Instances, np.ndarray]:
        return _windows(embeddings, tracks.loc[parts[part], "row"].to_numpy(), classes[parts[part]])

    (train, _), (validation, _), (test, track_of_window) = (windows_of(part) for part in PARTS)
    probe = fit_probe(train, validation, len(genres), task.probe, seeds, batch_norm=False)
    truth_N = classes[parts["test"]]
    predicted_RN = majority_vote(probe.logits(test.features_ND), track_of_window)
    return {
        "accuracy": summarise((predicted_RN == truth_N).mean(axis=1)),
        "chance": {"accuracy": summarise([_guess(classes[parts["train"]], truth_N, seed) for seed in seeds])},
        "counts": {
            **{part: int(chosen.sum()) for part, chosen in parts.items()},
            "classes": len(genres),
            "without_embedding": len(labels) - len(tracks),
        },
    }


def majority_vote(logits_RMC: np.ndarray, track_of_window_M: np.ndarray) -> np.ndarray:
    """Return the class (r, n) that most of a track's windows vote for; a tie goes to the highest summed probability.

    Args:
        logits_RMC: one row a window.
        track_of_window_M: ascending numbers 0..n-1 of the windows' tracks, each with one window at least.
    """
    first_N = np.flatnonzero(np.diff(track_of_window_M, prepend=-1))
    votes = np.eye(logits_RMC.shape[2])[logits_RMC.argmax(axis=2)]
    votes_RNC = np.add.reduceat(votes, first_N, axis=1)
    probability_RNC = np.add.reduceat(softmax(logits_RMC, axis=2), first_N, axis=1)
    # A summed probability is at most the number of windows, so that its share settles ties and nothing else.
    windows_N1 = np.diff(first_N, append=len(track_of_window_M))[:, None]
    return (votes_RNC + probability_RNC / (windows_N1 + 1)).argmax(axis=2)


def _genres(tracks: pd.DataFrame, where: str) -> tuple[list[str], np.ndarray]:
    """The genres in alphabetical order, and each track's number among them."""
    for track_id, tags in zip(tracks["track_id"], tracks["tags"], strict=True):
        if len(tags) != 1:
            found = f"{len(tags)} genres ({', '.join(tags)})"
            raise UserError(f"{where}: track {track_id} has {found}; expected exactly one")
    genres, classes = np.unique([tags[0] for tags in tracks["tags"]], return_inverse=True)
    if len(genres) < 2:
        raise UserError(f"{where}: all {len(tracks)} tracks are {genres[0]}; a classifier needs at least 2 genres")
    return genres.tolist(), classes.astype(np.int64)


def _windows(embeddings: Embeddings, rows: np.ndarray, classes: np.ndarray) -> tuple[Instances, np.ndarray]:
    """The windows of the tracks at `rows`, each with its track's class, and the number of its track among them."""
    n_windows = np.asarray(embeddings.n_windows)[rows]
    track_of_window = np.repeat(np.arange(len(rows)), n_windows)
    within_track = np.arange(len(track_of_window)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    windows = np.asarray(embeddings.first_window)[rows][track_of_window] + within_track
    return Instances(np.asarray(embeddings.windows_MD[windows]), classes[track_of_window]), track_of_window


def _guess(train_N: np.ndarray, test_N: np.ndarray, seed: int) -> float:
    dummy = DummyClassifier(strategy="stratified", random_state=seed).fit(np.zeros((len(train_N), 1)), train_N)
    return float(dummy.score(np.zeros((len(test_N), 1)), test_N))
