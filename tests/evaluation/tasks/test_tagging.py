"""AUCs against scikit-learn, and the tagging protocol on synthetic embeddings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from synthetic_embeddings import make_embeddings

from unisono.corpora.labels import catalogue_labels, multi_hot
from unisono.embeddings.read import Embeddings
from unisono.evaluation.measures.tag_scores import average_precision, roc_auc
from unisono.evaluation.task import NotMeasurable
from unisono.evaluation.tasks.tagging import evaluate_tags, random_tags
from unisono.params.evaluation import Tagging

TASK = Tagging.model_validate(
    {
        "task": "tagging",
        "model": "trained",
        "labels": ["genre"],
        "corpus": "jamendo",
        "repeats": 3,
        "seed": 0,
        "probe": {
            "hidden": [32, 16],
            "epochs": 20,
            "patience": 5,
            "batch_size": 32,
            "learning_rate": 0.01,
            "dropout": 0.5,
        },
    }
)


def corpus() -> tuple[Embeddings, pd.DataFrame]:
    """Four tags, each a direction of the embedding; 'rare' is on one training track only; ten tracks have none."""
    rng = np.random.default_rng(0)
    has_NC = rng.random((300, 4)) < 0.4
    has_NC[-10:] = False
    ids = [f"t{i}" for i in range(300)]
    tags = [[f"tag {c}" for c in np.flatnonzero(row)] for row in has_NC]
    tags[0].append("rare")
    vectors_ND = 4 * has_NC @ rng.normal(size=(4, 12)) + rng.normal(size=(300, 12))
    split = ["train"] * 200 + ["validation"] * 40 + ["test"] * 60
    labels = pd.DataFrame({"track_id": ids, "task": "genre", "tags": tags, "split": split})
    return make_embeddings(ids, vectors_ND), labels


@given(st.integers(0, 1000), st.integers(2, 40), st.integers(2, 6))
def test_auc_agrees_with_scikit_learn(seed: int, tracks: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    truth_NC = (rng.random((tracks, 3)) < 0.5).astype(np.uint8)
    truth_NC[0], truth_NC[1] = 0, 1
    scores_NC = rng.integers(0, levels, (tracks, 3)).astype(np.float32)  # few levels: many ties
    np.testing.assert_allclose(roc_auc(truth_NC, scores_NC), roc_auc_score(truth_NC, scores_NC, average=None))
    one_by_one = [average_precision_score(truth_NC[:, c], scores_NC[:, c]) for c in range(3)]
    np.testing.assert_allclose(average_precision(truth_NC, scores_NC), one_by_one)


def test_multi_hot_marks_each_tag_of_the_vocabulary() -> None:
    tags = pd.Series([["b", "a"], [], ["z"], np.array(["b"], dtype=object)], index=[7, 7, 8, 9])
    np.testing.assert_array_equal(multi_hot(tags, ["a", "b"]), [[1, 1], [0, 0], [0, 0], [0, 1]])


def test_tags_are_found_and_counted() -> None:
    embeddings, labels = corpus()
    found = evaluate_tags(embeddings, labels, TASK, "jamendo")
    chance = random_tags(embeddings.track_ids, labels, "jamendo")
    assert found.scores["roc_auc"]["mean"] > 0.9
    assert found.scores["pr_auc"]["mean"] > chance["pr_auc"]["mean"] + 0.2
    assert chance["roc_auc"] == {"mean": 0.5, "std": 0.0, "n": 1}
    test = labels[(labels["split"] == "test") & (labels["tags"].map(len) > 0)]
    share = np.mean([[f"tag {c}" in tags for c in range(4)] for tags in test["tags"]])
    assert chance["pr_auc"] == {"mean": pytest.approx(share), "std": 0.0, "n": 1}
    assert (found.counts["tags"], found.counts["tags_left_out"]) == (5, 1)
    untagged = int((labels["tags"].map(len) == 0).sum())
    assert found.counts["without_tags"] == untagged
    assert sum(found.counts[part] for part in ("train", "validation", "test")) == len(labels) - untagged
    assert found == evaluate_tags(embeddings, labels, TASK, "jamendo")


def test_the_mean_over_the_tags_is_the_score() -> None:
    embeddings, labels = corpus()
    found = evaluate_tags(embeddings, labels, TASK, "jamendo")
    assert list(found.classes) == [f"tag {c}" for c in range(4)]  # not the rare one, which no test track has
    for score in ("roc_auc", "pr_auc"):
        mean = np.mean([of_tag[score] for of_tag in found.classes.values()])
        assert mean == pytest.approx(found.scores[score]["mean"])


def test_a_probe_may_see_fewer_tracks_of_the_same_parts() -> None:
    embeddings, labels = corpus()
    noise_ND = np.random.default_rng(1).normal(size=embeddings.tracks_ND.shape)  # or all would be found by either
    embeddings = make_embeddings(list(embeddings.track_ids), embeddings.tracks_ND + 8 * noise_ND)
    whole = evaluate_tags(embeddings, labels, TASK, "jamendo")
    few = evaluate_tags(embeddings, labels, TASK.model_copy(update={"max_tracks": 100}), "jamendo")
    assert few.counts == {**whole.counts, "seen": 100}
    assert few.scores != whole.scores
    enough = evaluate_tags(embeddings, labels, TASK.model_copy(update={"max_tracks": 200}), "jamendo")
    assert enough.scores == whole.scores


def test_what_cannot_be_measured_is_said() -> None:
    embeddings, labels = corpus()
    with pytest.raises(NotMeasurable, match="the validation part has no track"):
        evaluate_tags(embeddings, labels[labels["split"] != "validation"], TASK, "jamendo")
    with pytest.raises(NotMeasurable, match="none of the 1 tags has both a track with it and one without it"):
        evaluate_tags(embeddings, labels.assign(tags=[["music"]] * len(labels)), TASK, "jamendo")


def test_the_catalogues_genres_are_tags_in_the_parts_of_the_split() -> None:
    tracks = pd.DataFrame({"track_id": ["a", "b", "c"], "genres": [["x"], [], ["x", "y"]], "source": "-"})
    split = pd.DataFrame({"track_id": ["c", "a"], "split": ["test", "train"]})
    labels = catalogue_labels(tracks, split)
    assert labels.to_dict("list") == {"track_id": ["a", "c"], "tags": [["x"], ["x", "y"]], "split": ["train", "test"]}
