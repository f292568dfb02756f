"""Parts that share no artist: against a search through the graph, how near sizes and genres come to their shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from unisono.corpora.artist_split import artist_groups, deal_groups
from unisono.corpora.split import fold_split, split_metrics, stratified_split
from unisono.errors import UserError


def by_id(lists: list[list[str]]) -> pd.Series:
    return pd.Series(lists, index=[f"t{row}" for row in range(len(lists))], dtype=object)


def catalogue(n_tracks: int, n_artists: int, seed: int, together: float = 0.02) -> tuple[pd.Series, pd.Series]:
    """Genres and artists of tracks: few artists have many, each has one or two genres, some play together."""
    rng = np.random.default_rng(seed)
    weights = rng.pareto(3, n_artists) + 1
    of_artist = rng.integers(12, size=(n_artists, 2))
    first = rng.choice(n_artists, n_tracks, p=weights / weights.sum())
    second = np.where(rng.random(n_tracks) < together, rng.integers(n_artists, size=n_tracks), first)
    genres = [[f"g{of_artist[artist, int(rng.integers(2))]}"] for artist in first]
    return by_id(genres), by_id([list({f"a{a}", f"a{b}"}) for a, b in zip(first, second, strict=True)])


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=3), min_size=1, max_size=12))
def test_groups_are_what_a_walk_from_track_to_track_reaches(artists: list[list[str]]) -> None:
    if not any(artists):
        with pytest.raises(UserError, match=r"none of the \d+ tracks has an artist; add artists .*to track"):
            artist_groups(by_id(artists))
        return
    groups = artist_groups(by_id(artists))
    assert sorted(set(groups)) == list(range(max(groups) + 1))
    for start in range(len(artists)):
        reached, before = {start}, set()
        while reached != before:
            before = set(reached)
            names = {name for track in reached for name in artists[track]}
            reached |= {track for track, own in enumerate(artists) if names & set(own)}
        assert set(np.flatnonzero(groups == groups[start])) == reached


def parts_of_artists(artists: pd.Series, split: pd.DataFrame) -> pd.Series:
    part = split.set_index("track_id")["split"]
    return pd.DataFrame({"artist": artists, "part": part}).explode("artist").groupby("artist")["part"].nunique()


@pytest.mark.parametrize("seed", range(3))
def test_no_artist_is_in_two_parts_and_the_shares_are_kept(seed: int) -> None:
    labels, artists = catalogue(3000, 600, seed)
    groups = artist_groups(artists)
    assert np.bincount(groups).max() < 2000
    split = stratified_split(labels, 0.1, 0.1, seed, groups)
    assert split["track_id"].tolist() == labels.index.tolist()
    assert (parts_of_artists(artists, split) == 1).all()
    metrics = split_metrics(labels, split, 0.1, 0.1)
    assert metrics["shares"]["test"] == pytest.approx(0.1, abs=0.01)
    assert metrics["shares"]["validation"] == pytest.approx(0.1, abs=0.01)
    assert metrics["genres"]["deviation"]["mean"] < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_folds_are_as_even_as_scikit_learns(seed: int) -> None:
    labels, artists = catalogue(1500, 400, seed, together=0)
    groups, genres = artist_groups(artists), labels.str[0].to_numpy()
    folds = [fold_split(labels, 5, fold, 0.1, seed, groups) for fold in range(5)]
    in_test_FN = np.array([(split["split"] == "test").to_numpy() for split in folds])
    np.testing.assert_array_equal(in_test_FN.sum(axis=0), 1)
    for split in folds:
        assert (parts_of_artists(artists, split) == 1).all()
        assert (split["split"] == "validation").mean() == pytest.approx(0.1, abs=0.02)
    oracle = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(genres, genres, groups)
    oracle_FN = np.array([np.isin(np.arange(1500), rows) for _, rows in oracle])

    def unevenness(in_fold_FN: np.ndarray) -> float:
        shares_FG = np.array([[fold[genres == genre].mean() for genre in np.unique(genres)] for fold in in_fold_FN])
        return float(np.abs(shares_FG - 0.2).mean() + np.abs(in_fold_FN.mean(axis=1) - 0.2).mean())

    assert unevenness(in_test_FN) <= unevenness(oracle_FN) + 0.01


def test_tracks_that_are_all_apart_are_split_as_shares_say() -> None:
    labels = by_id([["rock"]] * 100 + [["jazz", "vocal"]] * 50 + [[]] * 10)
    parts = deal_groups(labels, np.arange(160), {"train": 0.8, "validation": 0.1, "test": 0.1}, 0)
    for start, stop in ((0, 100), (100, 150), (150, 160)):
        assert [(parts[start:stop] == part).sum() for part in ("validation", "test")] == [(stop - start) // 10] * 2


def test_the_seed_decides() -> None:
    labels, artists = catalogue(500, 200, 0)
    groups = artist_groups(artists)
    first = stratified_split(labels, 0.1, 0.1, 1, groups)
    pd.testing.assert_frame_equal(first, stratified_split(labels, 0.1, 0.1, 1, groups))
    assert (first["split"] != stratified_split(labels, 0.1, 0.1, 2, groups)["split"]).any()


def test_what_cannot_be_split_is_a_sentence() -> None:
    labels = by_id([["rock"]] * 50)
    one = artist_groups(by_id([["Various"]] * 45 + [[f"a{row}"] for row in range(5)]))
    with pytest.raises(UserError, match=r"45 of the 50 tracks share artists .* largest part, train, is to have 40;"):
        stratified_split(labels, 0.1, 0.1, 0, one)
    with pytest.raises(UserError, match=r"the largest part, fold 0, is to have 10; .* take fewer folds"):
        fold_split(labels, 5, 0, 0.1, 0, artist_groups(by_id([[f"a{row // 13}"] for row in range(50)])))
    two = artist_groups(by_id([[f"a{row // 40}"] for row in range(50)]))
    with pytest.raises(UserError, match=r"the (validation|test) part of 2 artists, or groups who play together"):
        stratified_split(labels, 0.1, 0.1, 0, two)
