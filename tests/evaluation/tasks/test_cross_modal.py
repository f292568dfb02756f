"""Cross-modal retrieval against loops, its chance against shuffling, and who takes part with what."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unisono.embeddings.neighbours import normalised
from unisono.embeddings.read import INDEX, TRACKS, WINDOWS
from unisono.evaluation.task import Corpus, NotMeasurable
from unisono.evaluation.tasks import cross_modal
from unisono.evaluation.tasks.cross_modal import found_at, median_rank, ranks
from unisono.modalities.bag import save_bag_encoder
from unisono.modalities.bag_encoder import BagAttention, BagEncoder
from unisono.params.evaluation import CrossModal

TASK = CrossModal(task="cross_modal", corpus="catalogue", model="trained", recall_at=[1, 2])
IDS = [f"t{number}" for number in range(10)]
PARTS = ["train"] * 4 + ["validation"] + ["test"] * 5
OF_TEST = [["folk", "rock"], ["rock", "folk"], ["jazz", "polka"], [], ["polka"]]
GENRES = [["rock"], ["jazz"], ["rock", "folk"], [], [], *OF_TEST]
PLAYLISTS = [
    (["t0", "t1", "t5", "t5", "t6"], ["rain"]),
    (["t2", "t5", "t6", "t7"], ["sun", "rain"]),
    (["t3", "t7", "gone"], ["sun"]),
    (["t8", "t9"], ["rain", "secret"]),  # no known song: nobody learned secret, and it has no centroid
]


@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 4))
def test_ranks_as_counted_one_by_one(seed: int, n: int, different: int) -> None:
    rng = np.random.default_rng(seed)
    queries_SD, candidates_SD = rng.integers(-2, 3, (2, n, 3)).astype(np.float32)  # whole numbers: ties are ties
    same_S = rng.integers(different, size=n)
    expected = []
    for query in range(n):
        near = [float(queries_SD[query] @ candidates_SD[other]) for other in range(n)]
        best = max(near[other] for other in range(n) if same_S[other] == same_S[query])
        expected.append(1 + sum(near[o] >= best for o in range(n) if same_S[o] != same_S[query]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_modal, "BLOCK_ELEMENTS", 2 * n)
        assert ranks(queries_SD, candidates_SD, same_S).tolist() == expected


def test_chance_is_what_shuffled_candidates_score() -> None:
    same_S = np.array([0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 7])
    right_S = np.bincount(same_S)[same_S]
    rng = np.random.default_rng(0)
    first = []
    for _ in range(4000):
        order = same_S[rng.permutation(len(same_S))]
        first.append([1 + int(np.argmax(order == own)) for own in same_S])
    rank_RS = np.array(first)
    for k in (1, 2, 5, 11, 100):
        assert found_at(k, right_S) == pytest.approx((rank_RS <= k).mean(), abs=0.01)
    assert median_rank(right_S) == np.median(rank_RS)
    assert median_rank(np.ones(9, dtype=int)) == 5 and median_rank(np.full(4, 4)) == 1


def write(folder: Path, vectors_ND: np.ndarray) -> Corpus:
    """The tables of the corpus, and embeddings of these vectors, in one folder."""
    for name in (TRACKS, WINDOWS):
        np.save(folder / name, vectors_ND.astype(np.float32))
    index = pd.DataFrame({"track_id": IDS, "first_window": range(10), "n_windows": 1})
    index.to_parquet(folder / INDEX, index=False)
    pd.DataFrame({"track_id": IDS, "genres": GENRES}).to_parquet(folder / "tracks.parquet")
    names = [f"p{number}" for number in range(len(PLAYLISTS))]
    tracks, words = zip(*PLAYLISTS, strict=True)
    pd.DataFrame({"playlist_id": names, "words": words}).to_parquet(folder / "playlists.parquet")
    known, hidden = ([[song for song in songs if song in part] for songs in tracks] for part in (IDS[:5], IDS[5:]))
    of_playlists = pd.DataFrame({"playlist_id": names, "known": known, "hidden": hidden})
    of_playlists.to_parquet(folder / "split-playlists.parquet")
    pd.DataFrame({"track_id": IDS, "split": PARTS}).to_parquet(folder / "split.parquet")
    return Corpus(folder, folder / "split.parquet", "evaluation.crossmodal (catalogue)")


def save(folder: Path, modality: str, names: list[str]) -> BagEncoder:
    torch.manual_seed(len(names))
    save_bag_encoder(folder, modality, names, BagAttention(torch.randn(len(names), 8), 4, 6, 0.0))
    return BagEncoder(folder, modality)


@pytest.fixture
def vectors_ND() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(10, 6))


def test_audio_that_lies_where_its_names_lie_is_found_and_finds_them(tmp_path: Path, vectors_ND: np.ndarray) -> None:
    genres, words = save(tmp_path, "genre", ["folk", "jazz", "rock"]), save(tmp_path, "word", ["rain", "sun"])
    for track, names in ((5, ["folk", "rock"]), (6, ["folk", "rock"]), (7, ["jazz"])):
        vectors_ND[track] = 3 * genres.embed(names)
    found = cross_modal.score(TASK, tmp_path, write(tmp_path, vectors_ND))
    for way in ("audio_to_genres", "genres_to_audio"):
        means = [found.scores[f"{way}.{key}"]["mean"] for key in ("r@1", "r@2", "median_rank")]
        assert means == [100, 100, 1] and found.scores[f"{way}.r@1"]["n"] == 3
    assert found.counts["tracks_with_genres"] == 3  # of polka, which no training track has, nothing is known
    assert found.counts["different_genres"] == 2  # t5 and t6 have the same, in another order
    bags = [["rain", "sun"], ["rain", "sun"], ["sun", "rain"], ["rain"], ["rain"]]
    points_SD, audio_SD = normalised(words.embed_all(bags)), normalised(vectors_ND[5:].astype(np.float32))
    assert found.counts["tracks_with_words"] == 5 and found.counts["different_words"] == 2
    expected = ranks(audio_SD, points_SD, np.array([0, 0, 0, 1, 1]))
    assert found.scores["audio_to_words.r@1"]["mean"] == pytest.approx(100 * (expected == 1).mean())


def test_without_encoders_playlists_are_left(tmp_path: Path, vectors_ND: np.ndarray) -> None:
    """t5 and t6 are in the first two playlists, t7 in the second and third; t8's and t9's has no known song."""
    found = cross_modal.score(TASK, tmp_path, write(tmp_path, vectors_ND))
    assert found.counts == {"tracks_with_playlists": 3, "different_playlists": 2}
    unit_ND = normalised(vectors_ND.astype(np.float32))
    lists = [unit_ND[[0, 1]].mean(axis=0), unit_ND[2], unit_ND[3]]
    points_SD = normalised(np.array([lists[0] + lists[1], lists[0] + lists[1], lists[1] + lists[2]]))
    expected = {
        "audio_to_playlists": ranks(unit_ND[5:8], points_SD, np.array([0, 0, 1])),
        "playlists_to_audio": ranks(points_SD, unit_ND[5:8], np.array([0, 0, 1])),
    }
    for way, rank_S in expected.items():
        assert found.scores[f"{way}.r@1"]["mean"] == pytest.approx(100 * (rank_S == 1).mean())
        assert found.scores[f"{way}.median_rank"]["mean"] == np.median(rank_S)


def test_chance_and_columns_name_the_same_scores(tmp_path: Path, vectors_ND: np.ndarray) -> None:
    for modality, names in (("genre", ["folk", "jazz", "rock"]), ("word", ["rain", "sun"])):
        save(tmp_path, modality, names)
    corpus = write(tmp_path, vectors_ND)
    chance = cross_modal.chance(TASK, pd.Series(1, index=IDS), corpus)
    assert set(chance) == set(cross_modal.score(TASK, tmp_path, corpus).scores)
    assert {column.score for column in cross_modal.columns(TASK)} <= set(chance)
    assert chance["audio_to_playlists.r@1"]["mean"] == pytest.approx(100 * (2 / 3 + 2 / 3 + 1 / 3) / 3)
    heard = cross_modal.chance(TASK, pd.Series(1, index=IDS[:7]), corpus)
    assert heard["audio_to_genres.r@1"]["mean"] == 100  # t5 and t6 alone, which are alike


def test_a_corpus_of_nothing_but_audio_is_not_measurable(tmp_path: Path, vectors_ND: np.ndarray) -> None:
    corpus = write(tmp_path, vectors_ND)
    pd.DataFrame({"track_id": IDS, "genres": [[]] * 10}).to_parquet(tmp_path / "tracks.parquet")
    for name in ("playlists.parquet", "split-playlists.parquet"):
        pd.read_parquet(tmp_path / name)[:0].to_parquet(tmp_path / name)
    with pytest.raises(NotMeasurable, match="fewer than 2 of the 5 test tracks have a genre, or a playlist"):
        cross_modal.score(TASK, tmp_path, corpus)
    with pytest.raises(NotMeasurable, match="fewer than 2 of the 5 test tracks have a genre, or a playlist"):
        cross_modal.chance(TASK, pd.Series(1, index=IDS), corpus)
