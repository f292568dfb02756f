"""Continuations against a loop over playlists, chance against its expectation."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from synthetic_embeddings import make_embeddings

from unisono.embeddings.neighbours import nearest_annoy, nearest_exact, normalised
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.task import NotMeasurable
from unisono.evaluation.tasks.playlist_continuation import (
    continuation_hits,
    evaluate_playlists,
    find_continuations,
    random_continuation,
)
from unisono.params.evaluation import PlaylistContinuation


def task(**changes: object) -> PlaylistContinuation:
    values = {
        "task": "playlist_continuation",
        "corpus": "catalogue",
        "model": "trained",
        "k": 10,
        "index": "exact",
        "annoy_trees": 20,
        "repeats": 5,
        "seed": 0,
    }
    return PlaylistContinuation.model_validate(values | changes)


def catalogue() -> tuple[Embeddings, pd.DataFrame, pd.DataFrame]:
    """300 songs in 6 tastes; playlists keep to one taste and may name a song twice."""
    rng = np.random.default_rng(0)
    ids = np.array([f"song {i}" for i in range(300)])
    taste = rng.integers(0, 6, 300)
    embeddings = make_embeddings(ids.tolist(), rng.normal(size=(6, 8))[taste] + 0.7 * rng.normal(size=(300, 8)))
    split = pd.DataFrame(
        {"track_id": ids, "split": rng.choice(["train", "validation", "test"], 300, p=[0.7, 0.1, 0.2])}
    )
    held_out = ids[(split["split"] == "test").to_numpy()]
    tracks = [rng.choice(ids[taste == t], rng.integers(3, 15)).tolist() for t in rng.integers(0, 6, 80)]
    tracks += [held_out[:3].tolist(), ["unheard of", held_out[4]], ["song 0"] if "song 0" not in held_out else []]
    playlists = pd.DataFrame({"playlist_id": [str(i) for i in range(len(tracks))], "tracks": tracks})
    return embeddings, playlists, split


def loop_ndcg(embeddings: Embeddings, playlists: pd.DataFrame, split: pd.DataFrame, k: int) -> list[float]:
    """The protocol as the paper tells it, playlist by playlist."""
    part = dict(zip(split["track_id"], split["split"], strict=True))
    vector = {i: v / np.linalg.norm(v) for i, v in zip(embeddings.track_ids, embeddings.tracks_ND, strict=True)}
    test = sorted(i for i in part if part[i] == "test")
    scores = []
    for tracks in playlists["tracks"]:
        songs = {song for song in tracks if song in part}
        truth = {song for song in songs if part[song] == "test"}
        if not truth:
            continue
        votes: dict[str, int] = defaultdict(int)
        summed: dict[str, float] = defaultdict(float)
        for song in songs - truth:
            for near in sorted(test, key=lambda t: -float(vector[song] @ vector[t]))[:k]:
                votes[near] += 1
                summed[near] += float(vector[song] @ vector[near])
        ranking = sorted(votes, key=lambda s: (-votes[s], -summed[s], s))[:k]
        gain = sum(1 / np.log2(place + 2) for place, song in enumerate(ranking) if song in truth)
        scores.append(gain / sum(1 / np.log2(place + 2) for place in range(min(k, len(truth)))))
    return scores


@pytest.mark.parametrize("k", [5, 10, 100])  # 100: more than there are candidates
def test_agrees_with_a_loop_over_playlists(k: int) -> None:
    embeddings, playlists, split = catalogue()
    continuations = find_continuations(playlists, split, embeddings.track_ids, "catalogue")
    expected = loop_ndcg(embeddings, playlists, split, k)
    found = evaluate_playlists(embeddings, continuations, task(k=k))[f"ndcg@{k}"]
    assert len(found) == len(expected) == continuations.counts["playlists"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_playlists_without_a_known_or_a_test_song_are_counted() -> None:
    embeddings, playlists, split = catalogue()
    counts = find_continuations(playlists, split, embeddings.track_ids, "catalogue").counts
    part = split.set_index("track_id")["split"]
    parts = [set(part.reindex(tracks).dropna()) for tracks in playlists["tracks"]]
    assert counts["without_test_song"] == sum("test" not in p for p in parts) > 0
    assert counts["without_known_song"] == sum(p == {"test"} for p in parts) >= 2


def test_votes_come_before_similarity_and_similarity_before_id() -> None:
    split = pd.DataFrame({"track_id": ["k1", "k2", "a", "b", "c", "d"], "split": ["train"] * 2 + ["test"] * 4})
    playlists = pd.DataFrame({"playlist_id": ["p"], "tracks": [["k1", "k2", "d"]]})
    data = find_continuations(playlists, split, pd.Index(split["track_id"]), "catalogue")
    a, b, c, d = range(4)

    def place_of_d(neighbours: list[list[int]], similarities: list[list[float]]) -> int:
        hits = continuation_hits(data, np.array(neighbours), np.array(similarities, dtype=np.float32), 4)
        return int(hits[0].argmax())

    assert place_of_d([[a, d], [b, d]], [[0.9, -0.9], [0.9, -0.9]]) == 0, "two votes beat one of any similarity"
    assert place_of_d([[a, d], [b, -1]], [[0.9, 0.8], [0.7, 0.0]]) == 1, "one vote each: by similarity"
    assert place_of_d([[d, c], [b, a]], [[0.5, 0.5], [0.5, 0.5]]) == 3, "all equal: by id"


def test_annoy_finds_nearly_the_same() -> None:
    embeddings, playlists, split = catalogue()
    continuations = find_continuations(playlists, split, embeddings.track_ids, "catalogue")
    exact = evaluate_playlists(embeddings, continuations, task())["ndcg@10"].mean()
    annoy = evaluate_playlists(embeddings, continuations, task(index="annoy"))["ndcg@10"].mean()
    assert annoy == evaluate_playlists(embeddings, continuations, task(index="annoy"))["ndcg@10"].mean()
    assert annoy == pytest.approx(exact, abs=0.03)
    vectors_ND = normalised(embeddings.tracks_ND)
    numbers_QK, similarities_QK = nearest_annoy(vectors_ND[:20], vectors_ND, 5, trees=50, seed=0)
    exact_QK, exact_similarities_QK = nearest_exact(vectors_ND[:20], vectors_ND, 5)
    assert (numbers_QK == exact_QK).mean() > 0.9
    np.testing.assert_allclose(similarities_QK[:, 0], exact_similarities_QK[:, 0], rtol=1e-5)


def test_exact_search_is_the_same_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors_ND = normalised(np.random.default_rng(0).normal(size=(50, 6)))
    whole = nearest_exact(vectors_ND, vectors_ND[:20], 7)[0]
    monkeypatch.setattr("unisono.embeddings.neighbours.BLOCK_ELEMENTS", 60)
    np.testing.assert_array_equal(nearest_exact(vectors_ND, vectors_ND[:20], 7)[0], whole)
    np.testing.assert_array_equal(whole, np.argsort(-(vectors_ND @ vectors_ND[:20].T), axis=1)[:, :7])


def test_random_order_scores_as_expected() -> None:
    """A place holds one of r relevant among n candidates with probability r / n."""
    embeddings, playlists, split = catalogue()
    continuations = find_continuations(playlists, split, embeddings.track_ids, "catalogue")
    discounts = 1 / np.log2(np.arange(2, 12))
    relevant_P, n = continuations.relevant_P, len(continuations.candidates)
    expected = np.mean([r / n * discounts.sum() / discounts[:r].sum() for r in relevant_P])
    chance = random_continuation(continuations, task(repeats=300))["ndcg@10"]
    assert chance["n"] == 300
    assert chance["mean"] == pytest.approx(expected, abs=4 * chance["std"] / np.sqrt(300))


def test_good_embeddings_beat_chance() -> None:
    embeddings, playlists, split = catalogue()
    continuations = find_continuations(playlists, split, embeddings.track_ids, "catalogue")
    found, chance = evaluate_playlists(embeddings, continuations, task()), random_continuation(continuations, task())
    assert found["ndcg@10"].mean() > 1.5 * chance["ndcg@10"]["mean"]
    assert found["map@10"].mean() > 1.5 * chance["map@10"]["mean"]


def test_a_catalogue_without_anything_to_continue_is_left_out() -> None:
    embeddings, playlists, split = catalogue()
    with pytest.raises(UserError, match="no song of the test part has an embedding"):
        find_continuations(playlists, split[split["split"] != "test"], embeddings.track_ids, "catalogue")
    known = split[split["split"] != "test"]["track_id"].iloc[0]
    with pytest.raises(NotMeasurable, match="none of the 83 playlists holds one of the"):
        find_continuations(playlists.assign(tracks=[[known]] * 83), split, embeddings.track_ids, "catalogue")
    with pytest.raises(NotMeasurable, match="there are no playlists"):
        find_continuations(playlists[:0], split, embeddings.track_ids, "catalogue")
