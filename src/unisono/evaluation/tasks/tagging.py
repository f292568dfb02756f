"""Multi-label tagging of tracks from their mean embeddings: MTG-Jamendo, and the catalogue's own genres."""

from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from unisono.corpora.labels import PARTS, multi_hot
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.evaluation.measures.parts import embedded, require_parts
from unisono.evaluation.measures.probe import Instances, fit_probe
from unisono.evaluation.measures.summary import Summary
from unisono.evaluation.measures.tag_scores import both_occur, by_tag, macro_chance, macro_scores, tag_scores
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import Tagging

HAS_UNTRAINED = True
Value = TypeVar("Value")


def columns(task: Tagging) -> tuple[Column, ...]:
    """The paper's ROC AUC of each of several sets of labels; of a single one PR AUC too."""
    if len(task.labels) == 1:
        return (Column("roc_auc", "ROC AUC", 3), Column("pr_auc", "PR AUC", 3))
    return tuple(Column(f"{name}.roc_auc", f"{name} ROC AUC", 3) for name in task.labels)


def score(task: Tagging, model: Path, corpus: Corpus) -> Measured:
    embeddings = load_embeddings(model)
    found = {
        name: evaluate_tags(embeddings, corpus.labels(name), task, f"{corpus.where}, {name}", corpus.device)
        for name in task.labels
    }
    return Measured(
        scores=_flat({name: measured.scores for name, measured in found.items()}),
        counts=_flat({name: measured.counts for name, measured in found.items()}),
        classes=_flat({name: measured.classes for name, measured in found.items()}),
    )


def chance(task: Tagging, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return _flat(
        {name: random_tags(n_windows.index, corpus.labels(name), f"{corpus.where}, {name}") for name in task.labels}
    )


def evaluate_tags(
    embeddings: Embeddings, labels: pd.DataFrame, task: Tagging, where: str, device: str = "cpu"
) -> Measured:
    """Return macro `roc_auc` and `pr_auc` on the test tracks.

    An MLP with batch norm after each hidden layer, dropout after the last one and early stopping on the validation loss
    (section 3.3, automatic tagging). The macro mean runs over the tags that have both a positive and a negative track
    in the training and in the test part; the others are counted.

    Args:
        embeddings: of the corpus that `labels` names the tracks of.
        labels: columns `track_id`, `tags` (any number of them; tracks without one are unlabelled) and `split`.
        where: what to call the labels in an error.
        device: auto | cpu | cuda, of the probe.

    Raises:
        NotMeasurable: a part is empty, or no tag can be scored.
        UserError: no track is embedded.
    """
    tagged = _tagged(labels, embeddings.track_ids, where)
    row_N = tagged.tracks["row"].to_numpy()
    instances = {
        part: Instances(np.asarray(embeddings.tracks_ND[row_N[chosen]]), tagged.targets_NC[chosen])
        for part, chosen in {**tagged.parts, "train": _some(tagged.parts["train"], task.max_tracks, task.seed)}.items()
    }
    seeds = range(task.seed, task.seed + task.repeats)
    n_tags = len(tagged.scored_C)
    seen, held_out = instances["train"], instances["validation"]
    probe = fit_probe(seen, held_out, n_tags, task.probe, seeds, batch_norm=True, device=device)
    scores_RNC = probe.logits(instances["test"].features_ND)[:, :, tagged.scored_C]
    labelled = int((labels["tags"].map(len) > 0).sum())
    of_tags = tag_scores(tagged.truth_NC, scores_RNC)
    return Measured(
        scores=macro_scores(of_tags),
        classes=by_tag(of_tags, compress(tagged.vocabulary, tagged.scored_C)),
        counts={
            **{part: int(chosen.sum()) for part, chosen in tagged.parts.items()},
            **({"seen": len(seen.targets)} if task.max_tracks is not None else {}),
            "tags": n_tags,
            "tags_left_out": int((~tagged.scored_C).sum()),
            "without_tags": len(labels) - labelled,
            "without_embedding": labelled - len(tagged.tracks),
        },
    )


def _some(chosen_N: np.ndarray, most: int | None, seed: int) -> np.ndarray:
    """Which tracks (n,) bool are seen of those that are chosen: `most` at most, drawn by the seed."""
    places = np.flatnonzero(chosen_N)
    if most is None or len(places) <= most:
        return chosen_N
    seen_N = np.zeros_like(chosen_N)
    seen_N[np.random.default_rng(seed).choice(places, most, replace=False)] = True
    return seen_N


def random_tags(track_ids: pd.Index, labels: pd.DataFrame, where: str) -> dict[str, Summary]:
    """Return the `roc_auc` and `pr_auc` of guessing; the arguments and errors are `evaluate_tags`'s."""
    return macro_chance(_tagged(labels, track_ids, where).truth_NC)


@dataclass(frozen=True)
class _Tagged:
    """The embedded tracks that have a tag, which of them each part holds, all tags, theirs, and which are scored."""

    tracks: pd.DataFrame
    parts: dict[str, np.ndarray]
    vocabulary: list[str]
    targets_NC: np.ndarray
    scored_C: np.ndarray

    @property
    def truth_NC(self) -> np.ndarray:
        """The scored tags of the test tracks."""
        truth_NC: np.ndarray = self.targets_NC[self.parts["test"]][:, self.scored_C]
        return truth_NC


def _tagged(labels: pd.DataFrame, track_ids: pd.Index, where: str) -> _Tagged:
    tracks = embedded(labels[labels["tags"].map(len) > 0], track_ids, where)
    require_parts(tracks["split"], PARTS)
    parts = {part: (tracks["split"] == part).to_numpy() for part in PARTS}
    vocabulary = sorted(set(tracks["tags"].explode()))
    targets_NC = multi_hot(tracks["tags"], vocabulary)
    scored_C = both_occur(targets_NC[parts["train"]]) & both_occur(targets_NC[parts["test"]])
    if not scored_C.any():
        raise NotMeasurable(
            f"none of the {len(vocabulary)} tags has both a track with it and one without it in the training and in the"
            " test part"
        )
    return _Tagged(tracks, parts, vocabulary, targets_NC, scored_C)


def _flat(of_labels: dict[str, dict[str, Value]]) -> dict[str, Value]:
    """Values by name, behind the name of their labels if there are several sets."""
    if len(of_labels) == 1:
        return next(iter(of_labels.values()))
    return {f"{labels}.{name}": value for labels, values in of_labels.items() for name, value in values.items()}
