"""Scores of tags over many tracks at once. Shapes: R repeats, N tracks, C tags."""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from unisono.evaluation.measures.summary import Summary, summarise


def both_occur(targets_NC: np.ndarray) -> np.ndarray:
    """Return whether each tag has both a positive and a negative track (c,), so that it can be scored."""
    positives_C = targets_NC.sum(axis=0, dtype=np.int64)
    return np.asarray((positives_C > 0) & (positives_C < len(targets_NC)))


def tag_scores(truth_NC: np.ndarray, scores_RNC: np.ndarray) -> dict[str, np.ndarray]:
    """Return `roc_auc` and `pr_auc` of each tag in each repeat (r, c).

    Args:
        truth_NC: 0 or 1; each tag has both a positive and a negative track.
        scores_RNC: higher where a tag is likelier.
    """
    measures = {"roc_auc": roc_auc, "pr_auc": average_precision}
    return {name: np.stack([of(truth_NC, scores_NC) for scores_NC in scores_RNC]) for name, of in measures.items()}


def macro_scores(of_tags: Mapping[str, np.ndarray]) -> dict[str, Summary]:
    """Return the means over the tags of `tag_scores`, whose std and n are over the repeats."""
    return {name: summarise(values_RC.mean(axis=1)) for name, values_RC in of_tags.items()}


def by_tag(of_tags: Mapping[str, np.ndarray], tags: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the means over the repeats of `tag_scores`, {tag: {score: mean}}."""
    means = {name: values_RC.mean(axis=0) for name, values_RC in of_tags.items()}
    return {tag: {name: float(mean_C[c]) for name, mean_C in means.items()} for c, tag in enumerate(tags)}


def macro_chance(truth_NC: np.ndarray) -> dict[str, Summary]:
    """Return what `macro_scores` expects of guessing: 0.5, and the tags' mean share of positive tracks.

    They are exact, hence their std of 0.
    """
    return {"roc_auc": summarise([0.5]), "pr_auc": summarise([truth_NC.mean()])}


def roc_auc(truth_NC: np.ndarray, scores_NC: np.ndarray) -> np.ndarray:
    """Return each tag's area under the ROC curve (c,): the Mann-Whitney statistic, ties counting half."""
    positives_C = truth_NC.sum(axis=0, dtype=np.int64)
    rank_sum_C = (rankdata(scores_NC, axis=0) * truth_NC).sum(axis=0)
    wins_C = rank_sum_C - positives_C * (positives_C + 1) / 2
    return wins_C / (positives_C * (len(truth_NC) - positives_C))


def average_precision(truth_NC: np.ndarray, scores_NC: np.ndarray) -> np.ndarray:
    """Return each tag's average precision (c,)."""
    return np.atleast_1d(average_precision_score(truth_NC, scores_NC, average=None))
