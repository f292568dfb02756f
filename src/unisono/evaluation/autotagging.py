"""Auto-tagging with the model's own tag head, without a probe (Akama et al. 2023, section 5.3.2).

Shapes: N tracks, T tags, D dimension of an excerpt's vector, B tracks of a block, E their excerpts.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import expit

from unisono.corpora.labels import multi_hot
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.parts import embedded
from unisono.evaluation.tag_scores import both_occur, macro_scores

EXCERPTS_PER_BLOCK = 50_000  # bounds the memory: 100 MB of float32 at 512 dimensions


def evaluate_autotagging(
    embeddings: Embeddings, tag_names: pd.Index, head_TD: np.ndarray, labels: pd.DataFrame, where: str
) -> dict[str, Any]:
    """Return macro `roc_auc` and `pr_auc` on the test tracks, their `chance` levels and `counts`.

    The macro mean runs over the head's tags that have both a positive and a negative test track; the others are
    counted, and so are the tags of `labels` that the head does not know. A test track without tags is a negative of
    every tag, as in the 'pons2017' split; leave such tracks out of `labels` where that is not meant. Chance is as in
    `evaluate_tags`.

    Args:
        embeddings: of the corpus that `labels` names the tracks of; its windows are what the head reads, z_exc.
        tag_names: of the head's rows.
        head_TD: W of equation 17.
        labels: columns `track_id`, `tags` and `split`.
        where: what to call the labels in an error.

    Raises:
        UserError: the head does not fit the embeddings, no test track is embedded, or no tag can be scored.
    """
    _require_fit(embeddings, tag_names, head_TD, where)
    test = labels[labels["split"] == "test"]
    if test.empty:
        raise UserError(
            f"{where}: none of its {len(labels)} tracks is in the test part; give the corpus more tracks, or remove the"
            " task from `evaluation` in params.yaml"
        )
    tracks = embedded(test, embeddings, where)
    truth_NT = multi_hot(tracks["tags"], list(tag_names))
    scored_T = both_occur(truth_NT)
    if not scored_T.any():
        raise UserError(
            f"{where}: none of the tag head's {len(tag_names)} tags has both a track with it and one without it among"
            f" the {len(tracks)} test tracks; give the corpus more tracks, or remove the task from `evaluation` in"
            " params.yaml"
        )
    probabilities_NT = track_probabilities(embeddings, head_TD, tracks["row"].to_numpy())
    return {
        **macro_scores(truth_NT[:, scored_T], probabilities_NT[None, :, scored_T]),
        "counts": {
            "test": len(tracks),
            "untagged": int((tracks["tags"].map(len) == 0).sum()),
            "tags": len(tag_names),
            "tags_left_out": int((~scored_T).sum()),
            "tags_unknown": len(set(labels["tags"].explode().dropna()) - set(tag_names)),
            "without_embedding": len(test) - len(tracks),
        },
    }


def track_probabilities(embeddings: Embeddings, head_TD: np.ndarray, rows_N: np.ndarray | None = None) -> np.ndarray:
    """Return the tracks' tag probabilities F_tag (n, t) float64: the mean of their excerpts' (equations 5 and 17).

    An excerpt's is sigmoid(W z_exc), without a bias; the excerpts are the embeddings' non-overlapping windows. Memory
    beyond the result is bounded by blocks of tracks.

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
        excerpts_E, mean_BE = _excerpts(embeddings, rows_N[chosen])
        probabilities_NT[chosen] = mean_BE @ expit(embeddings.windows_MD[excerpts_E] @ head_TD.T)
    return probabilities_NT


def _excerpts(embeddings: Embeddings, rows_B: np.ndarray) -> tuple[np.ndarray, csr_matrix]:
    """The numbers of the tracks' windows, and the matrix that takes the mean of each track's."""
    counts_B = embeddings.n_windows[rows_B]
    bounds = np.concatenate([[0], np.cumsum(counts_B)])
    places_E = np.arange(bounds[-1])
    excerpts_E = places_E + np.repeat(embeddings.first_window[rows_B] - bounds[:-1], counts_B)
    return excerpts_E, csr_matrix((np.repeat(1 / counts_B, counts_B), places_E, bounds))


def _require_fit(embeddings: Embeddings, tag_names: pd.Index, head_TD: np.ndarray, where: str) -> None:
    expected = (len(tag_names), embeddings.windows_MD.shape[1])
    if head_TD.shape != expected:
        raise UserError(
            f"{where}: the tag head is {' x '.join(map(str, head_TD.shape))}, expected {expected[0]} tag names x"
            f" {expected[1]} dimensions of the embeddings; head and embeddings come from one model: run `dvc repro` to"
            " make them anew"
        )
