"""Continuations against a loop over playlists, chance against its expectation."""

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from synthetic_embeddings import make_embeddings

from unisono.corpora.playlist_split import split_playlists
from unisono.embeddings.neighbours import nearest_annoy, nearest_exact, normalised
from unisono.embeddings.read import Embeddings
from unisono.errors import UserError
from unisono.evaluation.measures.continuations import Continuations, find_continuations
from unisono.evaluation.task import NotMeasurable
from unisono.evaluation.tasks.playlist_continuation import (
    by_factors,
    by_popularity,
    columns,
    continuation_places,
    evaluate_playlists,
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


def catalogue(share: float = 0.0) -> tuple[Embeddings, pd.DataFrame, pd.DataFrame]:
    """300 songs in 6 tastes; playlists keep to one taste and may name a song twice, and a share of them is held out."""
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
    none: list[list] = [[] for _ in tracks]
    ids = [str(i) for i in range(len(tracks))]
    playlists = pd.DataFrame({"playlist_id": ids, "tracks": tracks, "counts": none, "times": none})
    return embeddings, split_playlists(playlists, split, share, 0).assign(tracks=tracks), split


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
    playlists = pd.DataFrame({"playlist_id": ["p"], "known": [["k1", "k2"]], "hidden": [["d"]]})
    data = find_continuations(playlists, split, pd.Index(split["track_id"]), "catalogue")
    a, b, c, d = range(4)

    def place_of_d(neighbours: list[list[int]], similarities: list[list[float]]) -> int:
        return int(continuation_places(data, np.array(neighbours), np.array(similarities, dtype=np.float32), 4)[0])

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
        nothing = playlists.assign(known=[[known]] * 83, hidden=[[]] * 83)
        find_continuations(nothing, split, embeddings.track_ids, "catalogue")
    with pytest.raises(NotMeasurable, match="there are no playlists"):
        find_continuations(playlists[:0], split, embeddings.track_ids, "catalogue")


def hot() -> tuple[Embeddings, pd.DataFrame, Continuations]:
    """Known songs to be found: a third of each playlist's is held out."""
    embeddings, playlists, split = catalogue(share=0.34)
    return embeddings, playlists, find_continuations(playlists, split, embeddings.track_ids, "catalogue", "known")


def places_by_loop(playlists: pd.DataFrame, data: Continuations, k: int, ranking_of: Callable) -> list[int]:
    """The place of each hidden known song, where `ranking_of` a playlist's known songs is a list, best first."""
    places = []
    for playlist in data.playlists:
        known, hidden = playlists.set_index("playlist_id").loc[playlist, ["known", "hidden"]]
        ranking = [song for song in ranking_of(list(known)) if song not in set(known)][:k]
        truth = [song for song in data.candidates if song in set(hidden)]
        places += [ranking.index(song) if song in ranking else k for song in truth]
    return places


def test_known_songs_against_a_loop() -> None:
    embeddings, playlists, data = hot()
    vector = {i: v / np.linalg.norm(v) for i, v in zip(embeddings.track_ids, embeddings.tracks_ND, strict=True)}
    k = 10

    def by_votes(known: list[str]) -> list[str]:
        votes: dict[str, int] = defaultdict(int)
        summed: dict[str, float] = defaultdict(float)
        for song in known:
            others = [other for other in data.candidates if other != song]
            for near in sorted(others, key=lambda t: -float(vector[song] @ vector[t]))[:k]:
                votes[near] += 1
                summed[near] += float(vector[song] @ vector[near])
        return sorted(votes, key=lambda s: (-votes[s], -summed[s], s))

    found = evaluate_playlists(embeddings, data, task(songs="known", k=k))
    assert data.counts["candidates"] == len(data.candidates) > 200 and data.counts["without_hidden_song"] > 0
    expected = scores_by_loop(np.array(places_by_loop(playlists, data, k, by_votes)), data, k)
    np.testing.assert_allclose(found["ndcg@10"], expected["ndcg@10"], rtol=1e-9)


@pytest.mark.parametrize("songs", ["cold", "known"])
def test_a_song_without_a_vector_is_one_that_is_not_found(songs: str) -> None:
    """As if it were far from all others: with fewer songs the task does not get easier."""
    embeddings, playlists, split = catalogue(share=0.34 if songs == "known" else 0)
    data = find_continuations(playlists, split, embeddings.track_ids, "catalogue", songs)
    lost = embeddings.track_ids[::3]
    kept = ~embeddings.track_ids.isin(lost)
    some = make_embeddings(embeddings.track_ids[kept].tolist(), embeddings.tracks_ND[kept])
    found = evaluate_playlists(some, data, task(songs=songs))
    everything = evaluate_playlists(embeddings, data, task(songs=songs))
    assert found.index.equals(everything.index) and found["ndcg@10"].mean() < everything["ndcg@10"].mean()
    only_lost = data.candidates[data.truth_PS.indices[data.truth_PS.indptr[:-1]]].isin(lost) & (data.relevant_P == 1)
    assert only_lost.any() and not found["ndcg@10"][only_lost].any()
    with pytest.raises(NotMeasurable, match=r"none of the .* songs that may be found has an embedding"):
        evaluate_playlists(make_embeddings(["x"], np.ones((1, 8))), data, task(songs=songs))


def test_popularity_and_factors_against_a_loop() -> None:
    embeddings, playlists, data = hot()
    knowing = Counter(song for known in playlists["known"] for song in known)
    popular = sorted(data.candidates, key=lambda song: (-knowing[song], song))
    assert by_popularity(data, 15).tolist() == places_by_loop(playlists, data, 15, lambda known: popular)
    ids = embeddings.track_ids[5:]  # a song without factors
    factors_ND = np.random.default_rng(1).integers(-2, 3, (len(ids), 3)).astype(np.float32)  # so that many are equal
    factor = dict(zip(ids, factors_ND, strict=True)) | dict.fromkeys(embeddings.track_ids[:5], np.zeros(3))

    def by_product(known: list[str]) -> list[str]:
        total = np.sum([factor[song] for song in known], axis=0)  # which ranks as the mean does, and has exact ties
        return sorted(data.candidates, key=lambda song: (-float(total @ factor[song]), song))

    assert by_factors(data, ids, factors_ND, 15).tolist() == places_by_loop(playlists, data, 15, by_product)


def scores_by_loop(places_T: np.ndarray, data: Continuations, k: int) -> pd.DataFrame:
    """All scores of each playlist as they are defined, from the places of its hidden songs."""
    rows = np.split(places_T, np.cumsum(data.relevant_P)[:-1])
    songs = [[data.candidates[s] for s in data.truth_PS[p].indices] for p in range(len(data.playlists))]
    holding = dict(zip(data.candidates, data.holding_S, strict=True))

    def ndcg(places: list[int], at: int) -> float:
        ideal = sum(1 / np.log2(place + 2) for place in range(min(at, len(places))))
        return sum(1 / np.log2(place + 2) for place in places if place < at) / ideal if places else np.nan

    found = []
    for row, of_row in zip(rows, songs, strict=True):
        places = sorted(row.tolist())
        precisions = [(n + 1) / (place + 1) for n, place in enumerate(places) if place < k]
        scores = {f"ndcg@{k}": ndcg(places, k), f"map@{k}": sum(precisions) / min(k, len(places))}
        scores["recall@20"] = sum(place < 20 for place in places) / len(places)
        scores |= {"ndcg@20": ndcg(places, 20), "hit@20": float(any(place < 20 for place in places))}
        for name, least, most in (("1", 1, 1), ("2-4", 2, 4), ("5-16", 5, 16), ("17+", 17, 10**9)):
            of_bucket = [p for p, song in zip(row, of_row, strict=True) if least <= holding[song] <= most]
            scores[f"ndcg@{k}.in_{name}"] = ndcg(of_bucket, k)
        known = len(data.known_PQ[len(found)].indices)
        for name, least, most in (("1-8", 1, 8), ("9-16", 9, 16), ("17-32", 17, 32)):
            scores[f"ndcg@{k}.of_{name}"] = scores[f"ndcg@{k}"] if least <= known <= most else np.nan
        found.append(scores)
    return pd.DataFrame(found)


@pytest.mark.parametrize("songs", ["cold", "known"])
@pytest.mark.parametrize("k", [10, 20, 30])
def test_every_score_against_its_definition(songs: str, k: int) -> None:
    embeddings, playlists, split = catalogue(share=0.34)
    data = find_continuations(playlists, split, embeddings.track_ids, "catalogue", songs)
    of = [*playlists["known"], *playlists["hidden"]]
    holding = pd.Series(np.concatenate(of)).value_counts()
    np.testing.assert_array_equal(data.holding_S, holding.reindex(data.candidates, fill_value=0))
    rows = [embeddings.track_ids.get_indexer(ids) for ids in (data.queries, data.candidates)]
    sides = [normalised(embeddings.tracks_ND[row]) for row in rows]
    places_T = continuation_places(data, *nearest_exact(*sides, k + (songs == "known")), k)
    found, expected = evaluate_playlists(embeddings, data, task(songs=songs, k=k)), scores_by_loop(places_T, data, k)
    shown = [column.score for column in columns(task(k=k))]
    assert set(shown) <= set(found) and ("recall@20" in found) == (k >= 20) and len(shown) == len(set(shown))
    assert len(found.filter(like=".in_").columns) >= 3 and len(found.filter(like=".of_").columns) >= 1
    assert (found.filter(like=".of_").notna().sum(axis=1) == (np.diff(data.known_PQ.indptr) > 0)).all()
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, err_msg=name)


def test_a_random_order_of_what_a_playlist_does_not_know() -> None:
    """A place holds one of r hidden among n unknown songs with probability r / n, of any bucket."""
    _, _, data = hot()
    held_P, discounts = np.diff(data.held_PS.indptr), 1 / np.log2(np.arange(2, 12))
    unknown_P = len(data.candidates) - held_P
    chance = random_continuation(data, task(repeats=300, songs="known"))
    row_T = np.repeat(np.arange(len(held_P)), data.relevant_P)
    for name, least, most in (("ndcg@10", 0, 10**9), ("ndcg@10.in_2-4", 2, 4)):
        holding_T = data.holding_S[data.truth_PS.indices]
        relevant_P = np.bincount(row_T[(least <= holding_T) & (holding_T <= most)], minlength=len(held_P))
        pairs = [(r, n) for r, n in zip(relevant_P, unknown_P, strict=True) if r]
        expected = np.mean([r / n * discounts.sum() / discounts[:r].sum() for r, n in pairs])
        assert chance[name]["mean"] == pytest.approx(expected, abs=4 * chance[name]["std"] / np.sqrt(300))


def test_nothing_is_held_out() -> None:
    embeddings, playlists, split = catalogue()
    with pytest.raises(NotMeasurable, match=r"none of the 83 playlists hides one of .* raise split.held_out above 0"):
        find_continuations(playlists, split, embeddings.track_ids, "catalogue", "known")
