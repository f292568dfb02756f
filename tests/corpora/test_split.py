"""The stratified split, against plain iterative stratification."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MultiLabelBinarizer
from skmultilearn.model_selection import IterativeStratification

from unisono.corpora.labels import PARTS
from unisono.corpora.split import fold_split, split_metrics, stratified_split
from unisono.errors import UserError

SHARES = np.array([0.8, 0.1, 0.1])


def long_tail(n_tracks: int, seed: int, n_genres: int = 219) -> pd.Series:
    """Genres as in Melon: 86% of the songs have one, 13% two, a few none; related genres go together."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, n_genres + 1) ** 1.2
    popularity /= popularity.sum()
    related = rng.integers(n_genres, size=(n_genres, 6))
    first = rng.choice(n_genres, size=n_tracks, p=popularity)
    second = np.where(
        rng.random(n_tracks) < 0.8, related[first, rng.integers(6, size=n_tracks)], rng.permutation(first)
    )
    n = rng.choice([0, 1, 2], size=n_tracks, p=[0.005, 0.862, 0.133])
    genres = [
        sorted({f"GN{a:04d}", f"GN{b:04d}"} if k == 2 else {f"GN{a:04d}"} if k else ())
        for a, b, k in zip(first, second, n, strict=True)
    ]
    return by_id(genres)


def by_id(genres: list[list[str]]) -> pd.Series:
    return pd.Series(genres, index=pd.Index([f"track{i}" for i in range(len(genres))], name="track_id"), dtype=object)


def plain(labels: pd.Series, seed: int) -> pd.DataFrame:
    genres = MultiLabelBinarizer(sparse_output=True).fit_transform(labels).astype(int)
    part = np.empty(len(labels), dtype=object)
    np.random.seed(seed)  # noqa: NPY002 (the global generator is under test)
    folds = IterativeStratification(n_splits=3, order=1, sample_distribution_per_fold=SHARES.tolist())
    for name, (_, rows) in zip(PARTS, folds.split(genres, genres), strict=True):
        part[rows] = name
    return pd.DataFrame({"track_id": labels.index, "split": part})


@pytest.mark.parametrize("seed", range(3))
def test_genres_deviate_no_more_than_by_plain_iterative_stratification(seed: int) -> None:
    labels = long_tail(16_000, seed)
    ours = split_metrics(labels, stratified_split(labels, 0.1, 0.1, seed), 0.1, 0.1)
    oracle = split_metrics(labels, plain(labels, seed), 0.1, 0.1)
    assert ours["genres"]["deviation"]["max"] <= oracle["genres"]["deviation"]["max"]
    assert ours["genres"]["deviation"]["mean"] <= oracle["genres"]["deviation"]["mean"]
    assert ours["sizes"] == {"train": 12_800, "validation": 1_600, "test": 1_600}


genre_lists = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), min_size=10, max_size=120)


@settings(max_examples=60)
@given(genre_lists, st.integers(0, 5), st.sampled_from([(0.1, 0.1), (0.2, 0.1), (0.15, 0.25)]))
def test_every_track_has_one_part_of_the_right_size(
    genres: list[list[str]], seed: int, shares: tuple[float, float]
) -> None:
    labels = by_id(genres)
    split = stratified_split(labels, *shares, seed)
    assert split["track_id"].tolist() == labels.index.tolist()
    sizes = split["split"].value_counts()
    for part, share in zip(PARTS, (1 - sum(shares), *shares), strict=True):
        assert abs(sizes[part] - share * len(labels)) < 1


def test_identical_genres_are_dealt_out_exactly() -> None:
    labels = by_id([["rock"]] * 100 + [["jazz", "vocal"]] * 50 + [[]] * 10)
    split = stratified_split(labels, 0.1, 0.1, 0)
    for start, stop in [(0, 100), (100, 150), (150, 160)]:
        counts = split["split"][start:stop].value_counts()
        assert counts["train"] == 0.8 * (stop - start)
        assert counts["validation"] == counts["test"] == 0.1 * (stop - start)


def test_ten_tracks_of_ten_genres_one_of_them_shared() -> None:
    labels = by_id([[f"genre{i}", "music"] for i in range(10)])
    assert stratified_split(labels, 0.1, 0.1, 0)["split"].value_counts().to_dict() == {
        "train": 8,
        "validation": 1,
        "test": 1,
    }


def test_a_genre_with_one_song_goes_to_the_training_part() -> None:
    labels = by_id([["rock"]] * 99 + [["polka"]])
    assert stratified_split(labels, 0.1, 0.1, 0)["split"].iloc[-1] == "train"


def test_the_seed_decides_and_numpys_global_generator_is_left_alone() -> None:
    labels = long_tail(1_000, 0)
    np.random.seed(7)  # noqa: NPY002 (the global generator is under test)
    expected = np.random.random()  # noqa: NPY002 (the global generator is under test)
    np.random.seed(7)  # noqa: NPY002 (the global generator is under test)
    first = stratified_split(labels, 0.1, 0.1, 1)
    assert np.random.random() == expected  # noqa: NPY002 (the global generator is under test)
    pd.testing.assert_frame_equal(first, stratified_split(labels, 0.1, 0.1, 1))
    assert (first["split"] != stratified_split(labels, 0.1, 0.1, 2)["split"]).any()


def test_arrays_of_genres_as_parquet_returns_them() -> None:
    lists = long_tail(300, 0)
    arrays = lists.map(lambda genres: np.array(genres, dtype=object))
    pd.testing.assert_frame_equal(stratified_split(arrays, 0.1, 0.1, 0), stratified_split(lists, 0.1, 0.1, 0))


def test_a_catalogue_too_small_for_three_parts() -> None:
    with pytest.raises(UserError, match=r"the validation part of 3 tracks would be empty \(its share is 0.1\)"):
        stratified_split(by_id([["rock"]] * 3), 0.1, 0.1, 0)


def test_metrics_count_by_hand() -> None:
    labels = by_id([["a"], ["a", "b"], ["a"], [], ["a"]])
    split = pd.DataFrame({"track_id": labels.index, "split": ["train", "train", "train", "validation", "test"]})
    metrics = split_metrics(labels, split, 0.2, 0.2)
    assert metrics["sizes"] == {"train": 3, "validation": 1, "test": 1}
    assert metrics["tracks_without_genre"] == 1
    assert metrics["genres"]["each"]["a"] == pytest.approx(
        {"tracks": 4, "train": 0.75, "validation": 0.0, "test": 0.25, "deviation": 0.2}
    )
    assert metrics["genres"]["deviation"] == pytest.approx({"max": 0.4, "mean": 0.3})
    assert metrics["genres"]["n"] == 2


@pytest.mark.parametrize("n", range(10, 70))
def test_any_number_of_tracks_of_two_genres_is_split(n: int) -> None:
    labels = pd.Series([["high" if i % 2 else "low"] for i in range(n)], index=[f"t{i}" for i in range(n)])
    sizes = stratified_split(labels, 0.1, 0.1, seed=0)["split"].value_counts()
    assert sizes.sum() == n and abs(sizes["test"] - n / 10) < 1 and abs(sizes["validation"] - n / 10) < 1


def test_ids_may_be_numbers() -> None:
    labels = pd.Series([["rock"], ["rock", "jazz"], ["jazz"], []] * 5, index=range(100, 120))
    split = stratified_split(labels, 0.2, 0.2, seed=0)
    named = stratified_split(labels.set_axis(labels.index.map(str)), 0.2, 0.2, seed=0)
    assert split["split"].tolist() == named["split"].tolist()
    metrics = split_metrics(labels, split, 0.2, 0.2)
    assert metrics == split_metrics(labels.set_axis(labels.index.map(str)), named, 0.2, 0.2)


@settings(max_examples=40)
@given(genre_lists, st.integers(2, 5), st.integers(0, 5))
def test_folds_test_every_track_once_and_keep_the_shares(genres: list[list[str]], folds: int, seed: int) -> None:
    labels = by_id(genres)
    splits = [fold_split(labels, folds, fold, 0.1, seed) for fold in range(folds)]
    in_test = np.array([split["split"] == "test" for split in splits])
    np.testing.assert_array_equal(in_test.sum(axis=0), 1)
    for split in splits:
        assert split["track_id"].tolist() == labels.index.tolist()
        sizes = split["split"].value_counts()
        for part, share in zip(PARTS, (0.9 - 1 / folds, 0.1, 1 / folds), strict=True):
            assert abs(sizes[part] - share * len(labels)) < 2


def test_folds_are_stratified() -> None:
    labels = by_id([["rock"]] * 100 + [["jazz", "vocal"]] * 50 + [[]] * 25)
    for fold in range(5):
        split = fold_split(labels, 5, fold, 0.08, 0)["split"]
        for start, stop in [(0, 100), (100, 150), (150, 175)]:
            counts = split[start:stop].value_counts()
            assert counts["test"] == 0.2 * (stop - start) and counts["validation"] == 0.08 * (stop - start)


def test_genres_deviate_in_folds_no_more_than_by_plain_iterative_stratification() -> None:
    labels = long_tail(4_000, 0)
    genres_NG = MultiLabelBinarizer().fit_transform(labels)
    np.random.seed(0)  # noqa: NPY002 (the oracle's)
    plain_folds = [rows for _, rows in IterativeStratification(n_splits=5, order=1).split(genres_NG, genres_NG)]
    ours = [(fold_split(labels, 5, fold, 0.1, 0)["split"] == "test").to_numpy() for fold in range(5)]

    def deviation(folds: list[np.ndarray]) -> float:
        shares_FG = np.array([genres_NG[rows].sum(axis=0) for rows in folds]) / genres_NG.sum(axis=0)
        return float(np.abs(shares_FG - 0.2).mean())

    assert deviation(ours) <= deviation(plain_folds)


def test_the_seed_decides_on_the_folds() -> None:
    labels = long_tail(500, 0)
    pd.testing.assert_frame_equal(fold_split(labels, 5, 1, 0.1, 1), fold_split(labels, 5, 1, 0.1, 1))
    assert (fold_split(labels, 5, 1, 0.1, 1)["split"] != fold_split(labels, 5, 1, 0.1, 2)["split"]).any()


def test_more_folds_than_tracks() -> None:
    with pytest.raises(UserError, match=r"the fold 3 part of 3 tracks would be empty .* or fewer folds"):
        fold_split(by_id([["rock"]] * 3), 5, 0, 0.1, 0)
