"""Majority votes, and the GTZAN protocol on synthetic embeddings."""

import numpy as np
import pandas as pd
import pytest
from synthetic_embeddings import make_embeddings

from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.task import NotMeasurable
from unisono.evaluation.tasks.genre_classification import evaluate_genres, majority_vote, random_genres
from unisono.params.evaluation import GenreClassification

TASK = GenreClassification.model_validate(
    {
        "task": "genre_classification",
        "model": "trained",
        "corpus": "gtzan",
        "repeats": 3,
        "seed": 0,
        "probe": {
            "hidden": [32],
            "epochs": 30,
            "patience": 30,
            "batch_size": 32,
            "learning_rate": 0.01,
            "dropout": 0.0,
        },
    }
)
GENRES = ["blues", "metal", "reggae"]


def corpus(separation: float = 3.0) -> tuple[Embeddings, pd.DataFrame]:
    rng = np.random.default_rng(0)
    genres = np.arange(90) % 3
    ids = [f"track {i}" for i in range(90)]
    centres_CD = rng.normal(size=(3, 8)) * separation
    embeddings = make_embeddings(ids, centres_CD[genres] + rng.normal(size=(90, 8)), rng.integers(1, 5, 90).tolist())
    labels = pd.DataFrame(
        {
            "track_id": ids,
            "task": "genre",
            "tags": [[GENRES[genre]] for genre in genres],
            "split": ["train"] * 48 + ["validation"] * 12 + ["test"] * 30,
        }
    )
    return embeddings, labels.sample(frac=1, random_state=0)


def test_the_majority_wins_and_a_tie_goes_to_the_surer_class() -> None:
    def window(winner: int, margin: float) -> list[float]:
        return [margin if c == winner else 0.0 for c in range(3)]

    majority = [window(0, 0.1), window(1, 9.0), window(0, 0.1)]
    tie = [window(2, 5.0), window(1, 0.5)]
    single = [window(1, 1.0)]
    logits = np.array([majority + tie + single])
    np.testing.assert_array_equal(majority_vote(logits, np.array([0, 0, 0, 1, 1, 2])), [[0, 2, 1]])


def test_separable_genres_are_found_and_noise_is_not() -> None:
    found = evaluate_genres(*corpus(), TASK, "gtzan")
    assert found.scores["accuracy"]["mean"] > 0.95
    assert found.scores["accuracy"]["n"] == 3
    assert found.counts == {"train": 48, "validation": 12, "test": 30, "classes": 3, "without_embedding": 0}
    noise = evaluate_genres(*corpus(separation=0.0), TASK, "gtzan")
    assert noise.scores["accuracy"]["mean"] < 0.6


def test_what_is_told_as_what_is_behind_the_accuracy() -> None:
    """The shares of a genre make one, and those of the genres told right, weighed by their tracks, the accuracy."""
    embeddings, labels = corpus(1.0)
    found = evaluate_genres(embeddings, labels, TASK, "gtzan")
    assert list(found.classes) == GENRES and all(list(told) == GENRES for told in found.classes.values())
    assert [sum(told.values()) for told in found.classes.values()] == pytest.approx([1, 1, 1])
    share = labels[labels["split"] == "test"]["tags"].str[0].value_counts(normalize=True)
    right = sum(found.classes[genre][genre] * share[genre] for genre in GENRES)
    assert right == pytest.approx(found.scores["accuracy"]["mean"]) and right < 1


def test_chance_guesses_by_the_training_tracks_frequencies() -> None:
    """A guess is right with the sum over the genres of their shares among the training and among the test tracks."""
    embeddings, labels = corpus()
    many = TASK.model_copy(update={"repeats": 300})
    skewed = labels.assign(tags=[["blues"] if i % 4 else tags for i, tags in enumerate(labels["tags"])])
    shares = [skewed[skewed["split"] == part]["tags"].str[0].value_counts(normalize=True) for part in ("train", "test")]
    chance = random_genres(embeddings.track_ids, skewed, many, "gtzan")["accuracy"]
    assert chance["n"] == 300
    assert chance["mean"] == pytest.approx(float((shares[0] * shares[1]).sum()), abs=4 * chance["std"] / np.sqrt(300))


def test_the_same_twice() -> None:
    assert evaluate_genres(*corpus(1.0), TASK, "gtzan") == evaluate_genres(*corpus(1.0), TASK, "gtzan")


def test_a_track_without_embedding_is_counted() -> None:
    embeddings, labels = corpus()
    extra = pd.DataFrame({"track_id": ["nowhere"], "task": ["genre"], "tags": [["blues"]], "split": ["train"]})
    assert evaluate_genres(embeddings, pd.concat([labels, extra]), TASK, "gtzan").counts["without_embedding"] == 1


def test_what_cannot_be_measured_is_told_from_what_does_not_fit() -> None:
    embeddings, labels = corpus()
    with pytest.raises(UserError, match="gtzan: none of its 90 tracks is among the 90 embedded ones"):
        evaluate_genres(embeddings, labels.assign(track_id="x" + labels["track_id"]), TASK, "gtzan")
    with pytest.raises(NotMeasurable, match=r"the test part has no track \(found 48 train, 12 validation, 0 test\)"):
        evaluate_genres(embeddings, labels[labels["split"] != "test"], TASK, "gtzan")
    with pytest.raises(NotMeasurable, match="all 30 tracks are blues; a classifier needs at least 2 genres"):
        evaluate_genres(embeddings, labels[labels["tags"].str[0] == "blues"], TASK, "gtzan")
    doubled = labels.assign(tags=[["blues", "metal"], *labels["tags"][1:]])
    with pytest.raises(UserError, match=r"has 2 genres \(blues, metal\); expected exactly one"):
        evaluate_genres(embeddings, doubled, TASK, "gtzan")
