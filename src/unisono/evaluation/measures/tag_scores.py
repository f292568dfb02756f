"""Scores of tags over many tracks at once. Shapes: R repeats, N tracks, C tags."""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from unisono.evaluation.measures.summary import Summary, summarise


def both_occur(targets_NC: np.ndarray) -> np.ndarray:
    """Return whether each tag has both a positive and a negative track (c,), so that it can be scored."""
    positives_C = targets_NC.sum(axis=0, dtype=np.int64)
    return np.asarray((positives_C > 0) & (positives_C < len(targets_NC)))


def macro_scores(truth_NC: np.ndarray, scores_RNC: np.ndarray) -> dict[str, Summary]:
    """Return the means over the tags of `roc_auc` and `pr_auc`, whose std and n are over the R repeats.

    Args:
        truth_NC: 0 or 1; each tag has both a positive and a negative track.
        scores_RNC: higher where a tag is likelier.
    """
    return {
        "roc_auc": summarise(_macro(roc_auc, truth_NC, scores_RNC)),
        "pr_auc": summarise(_macro(average_precision, truth_NC, scores_RNC)),
    }


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


def _macro(
    score: Callable[[np.ndarray, np.ndarray], np.ndarray], truth_NC: np.ndarray, scores_RNC: np.ndarray
) -> list[float]:
    return [float(score(truth_NC, scores_NC).mean()) for scores_NC in scores_RNC]
