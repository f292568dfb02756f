"""What of each playlist is known and what is hidden, against loops; today's factors from what is known, to the byte."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unisono.corpora.playlist_split import SCHEMA, split_playlists, time_split
from unisono.corpora.split import stratified_split
from unisono.errors import UserError
from unisono.modalities.factorize import factorize
from unisono.params import CF, load_params

REPO = Path(__file__).parents[2]
TRACKS = pd.Series([f"t{n}" for n in range(200)])


def table(lists: list[list[str]], counts: list | None = None, times: list | None = None) -> pd.DataFrame:
    none: list[list] = [[] for _ in lists]
    ids = [f"p{n}" for n in range(len(lists))]
    return pd.DataFrame({"playlist_id": ids, "tracks": lists, "counts": counts or none, "times": times or none})


def playlists(seed: int = 0, n: int = 60) -> pd.DataFrame:
    """Some of no song, some with a song twice and one that no part has."""
    rng = np.random.default_rng(seed)
    lists = [[f"t{song}" for song in rng.integers(0, 200, rng.integers(0, 25))] for _ in range(n)]
    return table([[*songs, "in no part"] if len(songs) % 2 else songs for songs in lists])


def parts(seed: int = 0) -> pd.DataFrame:
    part = np.random.default_rng(seed).choice(["train", "validation", "test"], 200, p=[0.8, 0.1, 0.1])
    return pd.DataFrame({"track_id": TRACKS, "split": part})


def log(seed: int = 0, n_users: int = 40) -> pd.DataFrame:
    """Users who listen over a year in which songs come out, and a playlist without times."""
    rng = np.random.default_rng(seed)
    released = np.sort(rng.integers(0, 1000, 190))  # the last ten nobody hears
    lists, counts, times = [], [], []
    for _ in range(n_users):
        when = np.sort(rng.integers(100, 1000, rng.integers(3, 40)))
        songs = [int(rng.integers(0, max(1, (released <= time).sum()))) for time in when]
        first = {f"t{song}": int(time) for song, time in reversed(list(zip(songs, when, strict=True)))}
        first = dict(sorted(first.items(), key=lambda pair: pair[1]))
        lists.append(list(first))
        times.append(list(first.values()))
        counts.append(rng.integers(1, 9, len(first)).astype(float).tolist())
    return table([*lists, ["t0", "t199"]], [*counts, []], [*times, []])


def test_by_default_all_songs_of_the_test_part_are_hidden_and_no_others() -> None:
    lists, split = playlists(), parts()
    found, part = split_playlists(lists, split, 0.0, 0), dict(split.to_numpy())
    assert list(found["playlist_id"]) == list(lists["playlist_id"])
    columns = [lists["tracks"], *(found[name] for name in ("known", "counts", "hidden"))]
    for songs, known, counts, hidden in zip(*columns, strict=True):
        own = list(dict.fromkeys(song for song in songs if song in part))
        assert list(known) == [song for song in own if part[song] != "test"] and list(counts) == [1.0] * len(known)
        assert list(hidden) == [song for song in own if part[song] == "test"]


@pytest.mark.parametrize("model", ["warp", "bpr", "als"])
def test_what_is_known_gives_the_factors_that_whole_playlists_gave(model: str) -> None:
    lists, split = playlists(), parts()
    params = CF(model=model, dim=8, epochs=3, learning_rate=0.05, max_sampled=10, batch_size=64, holdout=0.1, seed=0)
    songs = split.loc[split["split"] != "test", "track_id"].tolist()
    found = split_playlists(lists, split, 0.0, 0)
    before, after = (
        factorize(lists["tracks"], songs, params),
        factorize(found["known"], songs, params, None, found["counts"]),
    )
    assert before.factors_ND.tobytes() == after.factors_ND.tobytes()
    assert before.biases_N.tobytes() == after.biases_N.tobytes()
    assert (before.held_out, before.losses, before.n_playlists) == (after.held_out, after.losses, after.n_playlists)


def test_the_stage_writes_todays_table_of_tracks_and_the_playlists_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = Path("data/frames/catalogue")
    frames.mkdir(parents=True)
    genres = pd.Series([["a"], ["b", "c"], [], ["a"]] * 50, index=TRACKS.to_numpy())
    pd.DataFrame({"track_id": TRACKS, "genres": genres.to_numpy()}).to_parquet(frames / "tracks.parquet")
    pd.DataFrame({"track_id": []}, dtype="str").to_parquet(frames / "labels.parquet")
    playlists().to_parquet(frames / "playlists.parquet")
    main = runpy.run_path(str(REPO / "stages/split.py"))["main"]
    params = load_params(REPO / "params.yaml")
    main(params, "catalogue")
    split = stratified_split(genres.rename_axis("track_id"), 0.1, 0.1, 0)
    split.to_parquet("today.parquet", index=False)
    assert Path("today.parquet").read_bytes() == Path("data/split/catalogue.parquet").read_bytes()
    expected = split_playlists(playlists(), split, 0.0, 0)
    pd.testing.assert_frame_equal(
        pd.read_parquet("data/split/catalogue-playlists.parquet"), expected, check_dtype=False
    )
    changed = params.split.model_copy(update={"by": "time"})
    with pytest.raises(
        UserError, match=r"split.by is time, but no playlist has times of listening; give the listening"
    ):
        main(params.model_copy(update={"split": changed}), "catalogue")
    log().to_parquet(frames / "playlists.parquet")
    main(params.model_copy(update={"split": changed}), "catalogue")
    assert set(pd.read_parquet("data/split/catalogue.parquet")["split"]) == {"train", "validation", "test"}


def test_a_corpus_without_playlists_has_an_empty_table(tmp_path: Path) -> None:
    found = split_playlists(table([]), parts(), 0.5, 0)
    assert list(found.columns) == ["playlist_id", "known", "counts", "hidden"] and found.empty
    found.to_parquet(tmp_path / "p.parquet", index=False, schema=SCHEMA)
    assert pd.read_parquet(tmp_path / "p.parquet").empty


@settings(max_examples=50)
@given(st.floats(0.01, 0.9), st.integers(0, 9))
def test_a_share_of_each_playlist_is_held_out_and_at_least_one_song_kept(share: float, seed: int) -> None:
    lists, split = playlists(), parts()
    whole, found = split_playlists(lists, split, 0.0, 0), split_playlists(lists, split, share, seed)
    for all_known, in_test, known, hidden in zip(
        whole["known"], whole["hidden"], found["known"], found["hidden"], strict=True
    ):
        assert set(known) | set(hidden) == set(all_known) | set(in_test) and not set(known) & set(hidden)
        assert set(in_test) <= set(hidden)
        drawn = len(all_known) - len(known)
        assert abs(drawn - share * len(all_known)) <= 0.5 + 1e-9 or len(known) == 1
        assert len(known) >= min(1, len(all_known))
        assert list(known) == [song for song in all_known if song in set(known)], "in the playlist's order"


def test_the_seed_draws_what_is_held_out() -> None:
    first, again, other = (split_playlists(playlists(), parts(), 0.3, seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["hidden"].map(list).equals(other["hidden"].map(list))
    drawn = np.concatenate([np.isin(["t1", "t2", "t3"], hidden) for hidden in first["hidden"]])
    assert 0 < drawn.sum() < len(drawn)


def test_a_split_by_time_against_a_loop() -> None:
    lists = log()
    split, periods = time_split(TRACKS, lists, 0.1, 0.2)
    times = sorted(time for of_user in lists["times"] for time in of_user)
    assert periods.test_from == times[len(times) - round(0.2 * len(times))]
    assert periods.validation_from == times[len(times) - round(0.3 * len(times))]
    heard: dict[str, int] = {}
    for songs, when in zip(lists["tracks"], lists["times"], strict=True):
        for song, time in zip(songs, when, strict=False):
            heard[song] = min(heard.get(song, time), time)
    part = dict(split.to_numpy())
    assert split["track_id"].tolist() == TRACKS.tolist() and periods.unheard == 200 - len(heard) >= 10
    for song in TRACKS:
        time = heard.get(song, 0)
        name = "test" if time >= periods.test_from else "validation" if time >= periods.validation_from else "train"
        assert part[song] == name
    found = split_playlists(lists, split, 0.0, 0, periods.test_from)
    for row in range(len(lists)):
        songs, when = lists["tracks"][row], lists["times"][row] or [0] * len(lists["tracks"][row])
        counts = lists["counts"][row] or [1.0] * len(songs)
        before = [place for place, time in enumerate(when) if time < periods.test_from]
        assert list(found["known"][row]) == [songs[place] for place in before]
        assert list(found["counts"][row]) == [counts[place] for place in before]
        assert list(found["hidden"][row]) == [songs[place] for place in range(len(songs)) if place not in before]
        assert all(part[song] != "test" for song in found["known"][row])
    in_test = [part[song] == "test" for hidden in found["hidden"] for song in hidden]
    assert 0 < sum(in_test) < len(in_test), "songs that are new, and songs that are new to a user"


def test_a_time_in_which_nothing_is_new() -> None:
    lists = table([["t1", "t2"], ["t1", "t2"]], times=[[1, 2], [3, 4]])
    with pytest.raises(UserError, match=r"by is time, but the validation part would be empty: of 4 first listenings"):
        time_split(TRACKS, lists, 0.25, 0.25)
