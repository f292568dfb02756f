"""Single-label classification of tracks from their windows: GTZAN."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.dummy import DummyClassifier
from sklearn.metrics import confusion_matrix

from unisono.corpora.labels import PARTS
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.errors import UserError
from unisono.evaluation.measures.parts import embedded, require_parts, windows_of
from unisono.evaluation.measures.probe import Instances, fit_probe
from unisono.evaluation.measures.summary import Summary, summarise
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import GenreClassification

HAS_UNTRAINED = True


def columns(task: GenreClassification) -> tuple[Column, ...]:
    return (Column("accuracy", "accuracy, %", 2, scale=100),)


def score(task: GenreClassification, model: Path, corpus: Corpus) -> Measured:
    return evaluate_genres(load_embeddings(model), _labels(corpus), task, corpus.where, corpus.device)


def chance(task: GenreClassification, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_genres(n_windows.index, _labels(corpus), task, corpus.where)


def evaluate_genres(
    embeddings: Embeddings, labels: pd.DataFrame, task: GenreClassification, where: str, device: str = "cpu"
) -> Measured:
    """Return `accuracy` on the test tracks; `classes` holds, for each genre, what shares of it are told as which.

    Every window is a training instance of an MLP without batch norm; a test track's genre is the majority vote of its
    windows (section 3.3, genre classification).

    Args:
        embeddings: of the corpus that `labels` names the tracks of.
        labels: columns `track_id`, `tags` (exactly one genre) and `split`.
        where: what to call the labels in an error.
        device: auto | cpu | cuda, of the probe.

    Raises:
        NotMeasurable: a needed part is empty, or there is one genre only.
        UserError: no track is embedded, or a track has not one genre.
    """
    tracks, genres, classes = _single_labelled(labels, embeddings.track_ids, task, where)
    parts = {part: (tracks["split"] == part).to_numpy() for part in PARTS}
    seeds = range(task.seed, task.seed + task.repeats)

    def windows_of(part: str) -> tuple[Instances, np.ndarray]:
        return _windows(embeddings, tracks.loc[parts[part], "row"].to_numpy(), classes[parts[part]])

    (train, _), (validation, _), (test, track_of_window) = (windows_of(part) for part in PARTS)
    probe = fit_probe(train, validation, len(genres), task.probe, seeds, batch_norm=False, device=device)
    predicted_RN = majority_vote(probe.logits(test.features_ND), track_of_window)
    return Measured(
        scores={"accuracy": summarise((predicted_RN == classes[parts["test"]]).mean(axis=1))},
        counts={
            **{part: int(chosen.sum()) for part, chosen in parts.items()},
            "classes": len(genres),
            "without_embedding": len(labels) - len(tracks),
        },
        classes=_confusion(predicted_RN, classes[parts["test"]], genres),
    )


def _confusion(predicted_RN: np.ndarray, truth_N: np.ndarray, genres: list[str]) -> dict[str, dict[str, float]]:
    """{genre: {predicted genre: share of the genre's test tracks, over all repeats}}, of genres with test tracks."""
    truth_M = np.tile(truth_N, len(predicted_RN))
    shares_GG = confusion_matrix(truth_M, predicted_RN.ravel(), labels=range(len(genres)), normalize="true")
    return {genres[row]: dict(zip(genres, shares_GG[row].tolist(), strict=True)) for row in np.unique(truth_N)}


def random_genres(
    track_ids: pd.Index, labels: pd.DataFrame, task: GenreClassification, where: str
) -> dict[str, Summary]:
    """Return the `accuracy` of guessing with the training tracks' genre frequencies, drawn once a repeat.

    The arguments and errors are `evaluate_genres`'s.
    """
    tracks, _, classes = _single_labelled(labels, track_ids, task, where)
    train_N, test_N = (classes[(tracks["split"] == part).to_numpy()] for part in ("train", "test"))
    seeds = range(task.seed, task.seed + task.repeats)
    return {"accuracy": summarise([_guess(train_N, test_N, seed) for seed in seeds])}


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


def _labels(corpus: Corpus) -> pd.DataFrame:
    labels = corpus.table("labels", "track_id", "tags", "split")
    if labels.empty:
        raise NotMeasurable(f"{corpus.folder.name} has no labels")
    return labels


def _single_labelled(
    labels: pd.DataFrame, track_ids: pd.Index, task: GenreClassification, where: str
) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """The embedded tracks, the genres in alphabetical order, and each track's number among them."""
    tracks = embedded(labels, track_ids, where)
    early_stopping = task.probe.patience < task.probe.epochs
    require_parts(tracks["split"], PARTS if early_stopping else ("train", "test"))
    for track_id, tags in zip(tracks["track_id"], tracks["tags"], strict=True):
        if len(tags) != 1:
            found = f"{len(tags)} genres ({', '.join(tags)})"
            raise UserError(f"{where}: track {track_id} has {found}; expected exactly one")
    genres, classes = np.unique([tags[0] for tags in tracks["tags"]], return_inverse=True)
    if len(genres) < 2:
        raise NotMeasurable(f"all {len(tracks)} tracks are {genres[0]}; a classifier needs at least 2 genres")
    return tracks, genres.tolist(), classes.astype(np.int64)


def _windows(embeddings: Embeddings, rows: np.ndarray, classes: np.ndarray) -> tuple[Instances, np.ndarray]:
    """The windows of the tracks at `rows`, each with its track's class, and the number of its track among them."""
    windows, track_of_window = windows_of(embeddings, rows)
    return Instances(np.asarray(embeddings.windows_MD[windows]), classes[track_of_window]), track_of_window


def _guess(train_N: np.ndarray, test_N: np.ndarray, seed: int) -> float:
    dummy = DummyClassifier(strategy="stratified", random_state=seed).fit(np.zeros((len(train_N), 1)), train_N)
    return float(dummy.score(np.zeros((len(test_N), 1)), test_N))
