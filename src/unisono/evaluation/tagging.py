"""Multi-label tagging of tracks from their mean embeddings: MTG-Jamendo, and the catalogue's own genres."""

from typing import Any

import numpy as np
import pandas as pd

from unisono.corpora.labels import multi_hot
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.parts import PARTS, embedded, require_parts
from unisono.evaluation.probe import Instances, fit_probe
from unisono.evaluation.tag_scores import both_occur, macro_scores
from unisono.params import TaggingTask


def evaluate_tags(embeddings: Embeddings, labels: pd.DataFrame, task: TaggingTask, where: str) -> dict[str, Any]:
    """Return macro `roc_auc` and `pr_auc` on the test tracks, their `chance` levels and `counts`.

    An MLP with batch norm after each hidden layer, dropout after the last one and early stopping on the validation loss
    (section 3.3, automatic tagging). The macro mean runs over the tags that have both a positive and a negative track
    in the training and in the test part; the others are counted. Chance is exact, hence its std of 0: 0.5 for ROC AUC,
    the tags' mean share of positive test tracks for PR AUC (average precision).

    Args:
        embeddings: of the corpus that `labels` names the tracks of.
        labels: columns `track_id`, `tags` (any number of them; tracks without one are unlabelled) and `split`.
        where: what to call the labels in an error.

    Raises:
        UserError: no track is embedded, a part is empty, or no tag can be scored.
    """
    labelled = labels[labels["tags"].map(len) > 0]
    tracks = embedded(labelled, embeddings, where)
    require_parts(tracks["split"], PARTS, where)
    parts = {part: (tracks["split"] == part).to_numpy() for part in PARTS}
    vocabulary = sorted(set(tracks["tags"].explode()))
    targets_NC = multi_hot(tracks["tags"], vocabulary)
    scored_C = both_occur(targets_NC[parts["train"]]) & both_occur(targets_NC[parts["test"]])
    if not scored_C.any():
        raise UserError(
            f"{where}: none of its {len(vocabulary)} tags has both a track with it and one without it in the training"
            " and in the test part; give the corpus more tracks, or remove the task from `evaluation` in params.yaml"
        )
    instances = {
        part: Instances(np.asarray(embeddings.tracks_ND[tracks.loc[chosen, "row"].to_numpy()]), targets_NC[chosen])
        for part, chosen in parts.items()
    }
    seeds = range(task.seed, task.seed + task.repeats)
    probe = fit_probe(instances["train"], instances["validation"], len(vocabulary), task.probe, seeds, batch_norm=True)
    scores_RNC = probe.logits(instances["test"].features_ND)[:, :, scored_C]
    truth_NC = instances["test"].targets[:, scored_C]
    return {
        **macro_scores(truth_NC, scores_RNC),
        "counts": {
            **{part: int(chosen.sum()) for part, chosen in parts.items()},
            "tags": len(vocabulary),
            "tags_left_out": int((~scored_C).sum()),
            "without_tags": len(labels) - len(labelled),
            "without_embedding": len(labelled) - len(tracks),
        },
    }
