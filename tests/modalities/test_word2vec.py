"""Word2Vec genre vectors."""

import subprocess
import sys

import numpy as np
import pytest

from unisono.modalities.word2vec import NEAREST, SHOWN, name_vectors, nearest_names
from unisono.params import NameVectors

PARAMS = NameVectors(dim=16, epochs=30, seed=0)
SENTENCES = [["rock", "metal"], ["jazz", "swing"]] * 200 + [["jazz", "big band", "swing"]] * 20 + [["polka"], []]


def test_every_genre_has_a_vector_in_alphabetical_order() -> None:
    names, vectors_GD = name_vectors(SENTENCES, PARAMS)
    assert names == ["big band", "jazz", "metal", "polka", "rock", "swing"]
    assert vectors_GD.shape == (6, 16)
    assert vectors_GD.dtype == np.float32
    assert np.isfinite(vectors_GD).all()
    assert np.linalg.norm(vectors_GD, axis=1).min() > 0


def test_genres_of_the_same_songs_are_near() -> None:
    families = [["rock", "metal", "punk"], ["jazz", "swing", "bebop"]]
    rng = np.random.default_rng(0)
    sentences = [list(rng.permutation(families[i % 2])[:2]) for i in range(2000)]
    names, vectors_GD = name_vectors(sentences, PARAMS.model_copy(update={"epochs": 100}))
    unit_GD = vectors_GD / np.linalg.norm(vectors_GD, axis=1, keepdims=True)
    cosine = dict(zip(names, unit_GD @ unit_GD[names.index("rock")], strict=True))
    assert min(cosine["metal"], cosine["punk"]) > max(cosine["jazz"], cosine["swing"], cosine["bebop"])


def test_the_nearest_of_the_most_frequent_names_are_those_of_the_highest_cosine() -> None:
    rng = np.random.default_rng(0)
    names = [f"name {number:02}" for number in range(SHOWN + 5)]
    vectors_GD = rng.normal(size=(len(names), 8)).astype(np.float32)
    sentences = [[name] * 2 for number, name in enumerate(names) for _ in range(number + 1)]
    found = nearest_names(sentences, names, vectors_GD)
    assert list(found) == names[::-1][:SHOWN]
    for name, nearest in found.items():
        own = vectors_GD[names.index(name)]
        cosine = vectors_GD @ own / np.linalg.norm(vectors_GD, axis=1) / np.linalg.norm(own)
        assert [names[row] for row in np.argsort(-cosine)[1 : NEAREST + 1]] == nearest
    assert (
        nearest_names([["one"]], ["one"], vectors_GD[:1]) == {"one": []} and nearest_names([], [], vectors_GD[:0]) == {}
    )


def test_the_same_bytes_in_processes_with_different_hash_seeds() -> None:
    program = (
        "from unisono.modalities.word2vec import name_vectors; from unisono.params import NameVectors;"
        f"print(name_vectors({SENTENCES!r}, NameVectors(**{PARAMS.model_dump()!r}))[1].tobytes().hex())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_seed_decides() -> None:
    other = PARAMS.model_copy(update={"seed": 1})
    assert not np.array_equal(name_vectors(SENTENCES, PARAMS)[1], name_vectors(SENTENCES, other)[1])


def test_one_genre_is_enough() -> None:
    names, vectors_GD = name_vectors([["rock"]], PARAMS)
    assert names == ["rock"]
    assert vectors_GD.shape == (1, 16)


@pytest.mark.parametrize("sentences", [[], [[], []]])
def test_no_genre_at_all(sentences: list[list[str]]) -> None:
    names, vectors_GD = name_vectors(sentences, PARAMS)
    assert names == [] and vectors_GD.shape == (0, 16)


def test_frequent_genres_are_learnt_from_like_rare_ones() -> None:
    """Word2Vec's usual subsampling would leave vectors of so frequent words as they were drawn, tiny and unrelated."""
    rng = np.random.default_rng(0)
    sentences = [[f"{family}{i}" for i in rng.permutation(3)[:2]] for family in "abcdefgh" for _ in range(20)]
    names, vectors_GD = name_vectors(sentences, PARAMS.model_copy(update={"epochs": 200}))
    assert np.linalg.norm(vectors_GD, axis=1).min() > 0.5  # drawn with a norm of about 0.07
    unit_GD = vectors_GD / np.linalg.norm(vectors_GD, axis=1, keepdims=True)
    similarity = unit_GD @ unit_GD.T - 2 * np.eye(len(names))
    assert all(names[nearest][0] == name[0] for name, nearest in zip(names, similarity.argmax(axis=1), strict=True))
