"""The tag head's predictions against scikit-learn and means made by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from synthetic_embeddings import make_embeddings

from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.task import NotMeasurable
from unisono.evaluation.tasks import autotagging
from unisono.evaluation.tasks.autotagging import evaluate_autotagging, random_tags, track_probabilities

TAGS = pd.Index(["a", "b", "c", "never", "always"])


def corpus() -> tuple[Embeddings, np.ndarray, pd.DataFrame]:
    """Sixty tracks of one to four windows, forty of them in the test part; some have no tag of the head."""
    rng = np.random.default_rng(0)
    ids = [f"t{i}" for i in range(60)]
    embeddings = make_embeddings(ids, rng.normal(size=(60, 6)), rng.integers(1, 5, 60).tolist())
    tags = [[tag for tag in "abc" if rng.random() < 0.3] for _ in ids]
    tags[0], tags[30] = ["never"], ["a", "unknown"]
    split = ["train"] * 20 + ["test"] * 40
    labels = pd.DataFrame({"track_id": ids, "tags": tags, "split": split})
    head_TD = rng.normal(size=(len(TAGS), 6)).astype(np.float32)
    return embeddings, head_TD, labels.sample(frac=1, random_state=0)


def by_hand(embeddings: Embeddings, head_TD: np.ndarray) -> np.ndarray:
    """Equations 5 and 17, a track at a time."""
    rows = []
    for first, count in zip(embeddings.first_window, embeddings.n_windows, strict=True):
        logits_ET = embeddings.windows_MD[first : first + count].astype(np.float64) @ head_TD.T.astype(np.float64)
        rows.append((1 / (1 + np.exp(-logits_ET))).mean(axis=0))
    return np.stack(rows)


@pytest.mark.parametrize("block", [1, 7, 50_000])
def test_a_tracks_probabilities_are_the_mean_of_its_excerpts(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotagging, "EXCERPTS_PER_BLOCK", block)
    embeddings, head_TD, _ = corpus()
    expected_NT = by_hand(embeddings, head_TD)
    np.testing.assert_allclose(track_probabilities(embeddings, head_TD), expected_NT, rtol=1e-5)
    rows_N = np.array([41, 3, 3, 59])
    np.testing.assert_allclose(track_probabilities(embeddings, head_TD, rows_N), expected_NT[rows_N], rtol=1e-5)


def test_macro_scores_agree_with_scikit_learn() -> None:
    embeddings, head_TD, labels = corpus()
    found = evaluate_autotagging(embeddings, TAGS, head_TD, labels, "mtat")
    test = labels[labels["split"] == "test"]
    truth_NT = np.array([[tag in tags for tag in "abc"] for tags in test["tags"]]).astype(int)
    scores_NT = by_hand(embeddings, head_TD)[embeddings.track_ids.get_indexer(pd.Index(test["track_id"])), :3]
    pr_auc = np.mean([average_precision_score(truth_NT[:, t], scores_NT[:, t]) for t in range(3)])
    assert found.scores["roc_auc"] == {"mean": pytest.approx(roc_auc_score(truth_NT, scores_NT)), "std": 0.0, "n": 1}
    assert found.scores["pr_auc"] == {"mean": pytest.approx(pr_auc), "std": 0.0, "n": 1}


def test_chance_is_the_share_of_the_tags_that_a_head_learns() -> None:
    """`unknown` is on a test track only: no head of these training tracks has it."""
    embeddings, _, labels = corpus()
    test = labels[labels["split"] == "test"]
    truth_NT = np.array([[tag in tags for tag in "abc"] for tags in test["tags"]])
    chance = random_tags(embeddings.track_ids, labels, "mtat")
    assert chance["roc_auc"] == {"mean": 0.5, "std": 0.0, "n": 1}
    assert chance["pr_auc"]["mean"] == pytest.approx(truth_NT.mean())
    fewer = random_tags(embeddings.track_ids[:50], labels, "mtat")
    heard_N = test["track_id"].isin(embeddings.track_ids[:50]).to_numpy()
    assert fewer["pr_auc"]["mean"] == pytest.approx(truth_NT[heard_N].mean()) != chance["pr_auc"]["mean"]


def test_tags_and_tracks_are_counted() -> None:
    embeddings, head_TD, labels = corpus()
    everyone = labels.assign(tags=[[*tags, "always"] if tags else [] for tags in labels["tags"]])
    everyone = everyone[(everyone["tags"].map(len) > 0) | (everyone["split"] == "train")]
    gone = pd.DataFrame({"track_id": ["gone"], "tags": [["a"]], "split": ["test"]})
    test = int((everyone["split"] == "test").sum())
    found = evaluate_autotagging(embeddings, TAGS, head_TD, pd.concat([everyone, gone]), "mtat")
    assert found.counts == {
        "test": test,
        "untagged": 0,
        "tags": 5,
        "tags_left_out": 2,  # never, always
        "tags_unknown": 1,
        "without_embedding": 1,
    }


def test_untagged_test_tracks_are_negatives_of_every_tag() -> None:
    embeddings, head_TD, labels = corpus()
    untagged = labels["tags"].map(len) == 0
    found = evaluate_autotagging(embeddings, TAGS, head_TD, labels, "mtat")
    assert found.counts["test"] == 40
    assert found.counts["untagged"] == int((untagged & (labels["split"] == "test")).sum()) > 0
    chance, of_tagged = (random_tags(embeddings.track_ids, table, "mtat") for table in (labels, labels[~untagged]))
    assert chance["pr_auc"]["mean"] < of_tagged["pr_auc"]["mean"]


def test_a_head_that_knows_the_tags_scores_100_percent() -> None:
    has_NT = np.random.default_rng(0).random((50, 3)) < 0.4
    ids = [f"t{i}" for i in range(50)]
    tags = [[tag for tag, has in zip("abc", row, strict=True) if has] for row in has_NT]
    labels = pd.DataFrame({"track_id": ids, "tags": tags, "split": "test"})
    embeddings = make_embeddings(ids, 10.0 * has_NT)
    found = evaluate_autotagging(embeddings, pd.Index(list("abc")), np.eye(3, dtype=np.float32), labels, "mtat")
    assert found.scores["roc_auc"]["mean"] == found.scores["pr_auc"]["mean"] == 1


def test_what_cannot_be_measured_is_told_from_what_does_not_fit() -> None:
    embeddings, head_TD, labels = corpus()
    with pytest.raises(NotMeasurable, match="none of the 20 tracks is in the test part"):
        evaluate_autotagging(embeddings, TAGS, head_TD, labels[labels["split"] == "train"], "mtat")
    with pytest.raises(UserError, match="none of its 40 tracks is among the 60 embedded ones"):
        elsewhere = labels.assign(track_id="other")
        evaluate_autotagging(embeddings, TAGS, head_TD, elsewhere[elsewhere["split"] == "test"], "mtat")
    with pytest.raises(
        NotMeasurable, match="none of the tag head's 5 tags has both a track with it and one without it"
    ):
        evaluate_autotagging(embeddings, TAGS, head_TD, labels.assign(tags=[["unknown"]] * 60), "mtat")
    with pytest.raises(UserError, match="the tag head is 5 x 4, expected 5 tag names x 6 dimensions"):
        evaluate_autotagging(embeddings, TAGS, head_TD[:, :4], labels, "mtat")
