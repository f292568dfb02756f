"""Auto-tagging with the model's own tag head, without a probe (Akama et al. 2023, section 5.3.2).

Shapes: N tracks, T tags, D dimension of an excerpt's vector, B tracks of a block, E their excerpts.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.artifacts.vectors import load_vectors
from unisono.corpora.labels import multi_hot
from unisono.embeddings.read import Embeddings, load_embeddings
from unisono.embeddings.tags import TAG_HEAD, tag_probabilities
from unisono.errors import UserError
from unisono.evaluation.measures.parts import embedded, windows_of
from unisono.evaluation.measures.summary import Summary
from unisono.evaluation.measures.tag_scores import both_occur, by_tag, macro_chance, macro_scores, tag_scores
from unisono.evaluation.task import Column, Corpus, Measured, NotMeasurable
from unisono.params.evaluation import Autotagging

HAS_UNTRAINED = False  # only training makes a head
EXCERPTS_PER_BLOCK = 50_000  # bounds the memory: 100 MB of float32 at 512 dimensions


def columns(task: Autotagging) -> tuple[Column, ...]:
    return (Column("roc_auc", "ROC AUC", 3), Column("pr_auc", "PR AUC", 3))


def score(task: Autotagging, model: Path, corpus: Corpus) -> Measured:
    embeddings, head = load_embeddings(model), model / TAG_HEAD
    if not head.exists():
        raise NotMeasurable("the model has no tag head, as no label was kept; raise finetune.label_fraction")
    return evaluate_autotagging(embeddings, *load_vectors(head), corpus.labels(task.labels), corpus.where)


def chance(task: Autotagging, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
    return random_tags(n_windows.index, corpus.labels(task.labels), corpus.where)


def evaluate_autotagging(
    embeddings: Embeddings, tag_names: pd.Index, head_TD: np.ndarray, labels: pd.DataFrame, where: str
) -> Measured:
    """Return macro `roc_auc` and `pr_auc` on the test tracks.

    The macro mean runs over the head's tags that have both a positive and a negative test track; the others are
    counted, and so are the tags of `labels` that the head does not know. A test track without tags is a negative of
    every tag, as in the 'pons2017' split; leave such tracks out of `labels` where that is not meant.

    Args:
        embeddings: of the corpus that `labels` names the tracks of; its windows are what the head reads, z_exc.
        tag_names: of the head's rows.
        head_TD: W of equation 17.
        labels: columns `track_id`, `tags` and `split`.
        where: what to call the labels in an error.

    Raises:
        NotMeasurable: there is no test track, or no tag can be scored.
        UserError: the head does not fit the embeddings, or no test track is embedded.
    """
    _require_fit(embeddings, tag_names, head_TD, where)
    tracks, truth_NT, scored_T = _test_tracks(embeddings.track_ids, tag_names, labels, where)
    probabilities_NT = track_probabilities(embeddings, head_TD, tracks["row"].to_numpy())
    of_tags = tag_scores(truth_NT[:, scored_T], probabilities_NT[None, :, scored_T])
    return Measured(
        scores=macro_scores(of_tags),
        classes=by_tag(of_tags, tag_names[scored_T]),
        counts={
            "test": len(tracks),
            "untagged": int((tracks["tags"].map(len) == 0).sum()),
            "tags": len(tag_names),
            "tags_left_out": int((~scored_T).sum()),
            "tags_unknown": len(set(labels["tags"].explode().dropna()) - set(tag_names)),
            "without_embedding": int((labels["split"] == "test").sum()) - len(tracks),
        },
    )


def random_tags(track_ids: pd.Index, labels: pd.DataFrame, where: str) -> dict[str, Summary]:
    """Return the `roc_auc` and `pr_auc` of guessing the tags that a head learns: those of the training part.

    The arguments and errors are `evaluate_autotagging`'s.
    """
    heard = labels[labels["track_id"].isin(track_ids)]
    tag_names = pd.Index(sorted(set(heard.loc[heard["split"] == "train", "tags"].explode().dropna())), dtype=object)
    _, truth_NT, scored_T = _test_tracks(track_ids, tag_names, labels, where)
    return macro_chance(truth_NT[:, scored_T])


def _test_tracks(
    track_ids: pd.Index, tag_names: pd.Index, labels: pd.DataFrame, where: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The embedded test tracks, which of the head's tags each has (n, t), and which of these can be scored (t,)."""
    test = labels[labels["split"] == "test"]
    if test.empty:
        raise NotMeasurable(f"none of the {len(labels)} tracks is in the test part")
    tracks = embedded(test, track_ids, where)
    truth_NT = multi_hot(tracks["tags"], list(tag_names))
    scored_T = both_occur(truth_NT)
    if not scored_T.any():
        raise NotMeasurable(
            f"none of the tag head's {len(tag_names)} tags has both a track with it and one without it among the"
            f" {len(tracks)} test tracks"
        )
    return tracks, truth_NT, scored_T


def track_probabilities(embeddings: Embeddings, head_TD: np.ndarray, rows_N: np.ndarray | None = None) -> np.ndarray:
    """Return the tracks' tag probabilities F_tag (n, t) float64, see `tag_probabilities`.

    Their excerpts are the embeddings' non-overlapping windows. Memory beyond the result is bounded by blocks of tracks.

    Args:
        embeddings: whose windows are z_exc.
        head_TD: W, a row a tag.
        rows_N: which tracks; all of them by default.
    """
    rows_N = np.arange(len(embeddings.track_ids)) if rows_N is None else rows_N
    probabilities_NT = np.empty((len(rows_N), len(head_TD)))
    block_N = np.cumsum(embeddings.n_windows[rows_N]) // EXCERPTS_PER_BLOCK
    for block in np.unique(block_N):
        chosen = block_N == block
        excerpts_E, _ = windows_of(embeddings, rows_N[chosen])
        probabilities_NT[chosen] = tag_probabilities(
            embeddings.windows_MD[excerpts_E], embeddings.n_windows[rows_N[chosen]], head_TD
        )
    return probabilities_NT


def _require_fit(embeddings: Embeddings, tag_names: pd.Index, head_TD: np.ndarray, where: str) -> None:
    expected = (len(tag_names), embeddings.windows_MD.shape[1])
    if head_TD.shape != expected:
        raise UserError(
            f"{where}: the tag head is {' x '.join(map(str, head_TD.shape))}, expected {expected[0]} tag names x"
            f" {expected[1]} dimensions of the embeddings; head and embeddings come from one model: run `dvc repro` to"
            " make them anew"
        )
