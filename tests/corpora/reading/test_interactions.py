"""Listening logs against a loop over their rows; bad rows, unknown tracks, and what is refused."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unisono.corpora.reading.catalogue import read_tables, write_tables
from unisono.corpora.reading.interactions import read_log
from unisono.corpora.reading.registry import read_catalogue
from unisono.errors import UserError

KNOWN = pd.Index([f"t{n}" for n in range(50)])
CLEAN = {
    "interactions_with_wrong_cells": 0,
    "interactions_without_id": 0,
    "interactions_with_bad_count": 0,
    "interactions_with_bad_timestamp": 0,
}


def log(n: int, seed: int = 0, n_tracks: int = 60) -> pd.DataFrame:
    """Plays of 30 users, who repeat themselves; ten of the tracks are unknown."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "user_id": [f"u {n}" for n in rng.integers(0, 30, n)],
            "track_id": [f"t{n}" for n in rng.integers(0, n_tracks, n)],
            "count": rng.integers(1, 9, n),
            "timestamp": rng.integers(1_500_000_000, 1_500_000_400, n),
        }
    )


def by_loop(rows: pd.DataFrame) -> dict[str, tuple[list[str], list[float], list[int]]]:
    users: dict[str, dict[str, list]] = defaultdict(dict)
    for user, track, count, time in rows.itertuples(index=False):
        if track in KNOWN:
            found = users[f"user/{user}"].setdefault(track, [0.0, time, len(users[f"user/{user}"])])
            found[0] += count
            found[1] = min(found[1], time)
    in_order = {user: sorted(songs.items(), key=lambda s: (s[1][1], s[1][2])) for user, songs in users.items()}
    return {user: ([t for t, _ in s], [f[0] for _, f in s], [f[1] for _, f in s]) for user, s in in_order.items()}


def as_dict(playlists: pd.DataFrame) -> dict[str, tuple]:
    return {str(row.Index): (row.tracks, row.counts, row.times) for row in playlists.itertuples()}


@pytest.mark.parametrize("kind", ["seconds", "ISO 8601", "timestamps", "nanoseconds with a zone", "codes"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_users_are_playlists_as_a_loop_over_the_rows_makes_them(tmp_path: Path, suffix: str, kind: str) -> None:
    rows = log(3000)
    written = rows.assign(mood="calm")[["count", "mood", "timestamp", "track_id", "user_id"]]  # in any order, and more
    times = [datetime.fromtimestamp(second, UTC) for second in rows["timestamp"]]
    if kind == "ISO 8601":
        ends = ["Z", "", ".250+00:00"]
        written["timestamp"] = [f"{time:%Y-%m-%dT%H:%M:%S}{ends[n % 3]}" for n, time in enumerate(times)]
    if kind == "timestamps":
        written["timestamp"] = pd.Series(times).dt.tz_localize(None)
    if kind == "nanoseconds with a zone":
        written["timestamp"] = pd.Series(times).dt.tz_convert("Asia/Tokyo").dt.as_unit("ns")
    if kind == "codes":
        written = written.astype({"user_id": "category", "track_id": "category"})
    path = tmp_path / f"interactions.{suffix}"
    written.to_csv(path, index=False) if suffix == "csv" else written.to_parquet(path, index=False)
    playlists, counts = read_log(path, KNOWN)
    assert as_dict(playlists) == by_loop(rows)
    unknown = int((~rows["track_id"].isin(KNOWN)).sum())
    others = {"interactions_of_unknown_tracks": unknown, "users_without_known_track": 0}
    assert counts == {"interactions": 3000, **CLEAN, **others} and unknown > 0


def test_without_count_and_timestamp_each_row_is_a_play_and_the_file_has_the_order(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text("\ufeffuser_id,track_id\nb,t7\na,t1\nb,t3\nb,t7\na,gone\nc,gone\n", encoding="utf-8")
    playlists, counts = read_log(path, KNOWN)
    assert as_dict(playlists) == {"user/b": (["t7", "t3"], [2.0, 1.0], []), "user/a": (["t1"], [1.0], [])}
    assert counts["interactions_of_unknown_tracks"] == 2 and counts["users_without_known_track"] == 1


def test_numbers_are_ids_too(tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": [1, 1, 2, 3], "track_id": [5.0, 6.0, 5.0, None]})
    rows.to_parquet(path := tmp_path / "interactions.parquet")
    playlists, counts = read_log(path, pd.Index(["5", "6"]))
    assert playlists["tracks"].to_dict() == {"user/1": ["5", "6"], "user/2": ["5"]}
    assert counts["interactions_without_id"] == 1


BAD_ROWS = """user_id,track_id,count,timestamp
,t1,1,1500000000
u," ",1,1500000000
u,t\0,1,1500000000
u,t1,0,1500000000
u,t1,-2,1500000000
u,t1,nan,1500000000
u,t1,inf,1500000000
u,t1,many,1500000000
u,t1,,1500000000
u,t1,1,
u,t1,1,yesterday
u,t1,1,1500000000000
u,t1,1,-5
u,t1,1,2017-02-30
u,t1,1
u,t1,1,1500000000,more

u,t1,2.5,2017-07-14 02:40:00
v,"t2",1,1500000000.9
"""


def test_bad_rows_are_left_out_and_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(BAD_ROWS)
    playlists, counts = read_log(path, KNOWN)
    time = 1_500_000_000
    assert as_dict(playlists) == {"user/u": (["t1"], [2.5], [time]), "user/v": (["t2"], [1.0], [time])}
    assert counts == {
        "interactions": 18,
        "interactions_with_wrong_cells": 2,
        "interactions_without_id": 3,
        "interactions_with_bad_count": 6,
        "interactions_with_bad_timestamp": 5,
        "interactions_of_unknown_tracks": 0,
        "users_without_known_track": 0,
    }


def test_missing_cells_of_a_parquet_are_bad_rows(tmp_path: Path) -> None:
    rows = log(5, n_tracks=50)
    rows["user_id"] = [None, *rows["user_id"][1:]]
    rows["count"] = [1, None, 2, -1, 3]
    rows["timestamp"] = pd.to_datetime(pd.Series([1, 2, None, 3, 4]), unit="s")
    rows.to_parquet(path := tmp_path / "interactions.parquet")
    counts = read_log(path, KNOWN)[1]
    assert [counts[name] for name in list(CLEAN)[1:]] == [1, 2, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no column user_id, track_id; found an empty file"),
        ("user,track_id\n1,t1\n", "has no column user_id; found user, track_id"),
        ("user_id,track_id,user_id\n1,t1,1\n", "has the column user_id more than once"),
        ("user_id,track_id\n", "holds no row; add one a play, or remove the file"),
        ("user_id,track_id,count\nu,t1,0\nu,gone,1\nu\n", "none of its rows .*wrong cells: 1, with bad count: 1, of u"),
        ("user_id,track_id,timestamp\nu,t1,1500000000000\n", "none of its rows .*bad timestamp: 1.*seconds since 1970"),
        (b"user_id,track_id\nu\xff,t1\n", "cannot be read as CSV in UTF-8"),
        (b"user\xff_id,track_id\nu,t1\n", "cannot be read as CSV in UTF-8"),
    ],
)  # fmt: skip
def test_a_csv_that_cannot_be_used_is_a_sentence(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "interactions.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=rf"interactions\.csv: {message}"):
        read_log(path, KNOWN)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"user": ["u"], "track_id": ["t1"]}, "has no column user_id; found user, track_id$"),
        ({"user_id": [["u"]], "track_id": ["t1"]}, "column user_id holds list.*, expected text or whole numbers"),
        ({"user_id": [1.5], "track_id": ["t1"]}, "column user_id holds double, expected text or whole numbers"),
        ({"user_id": ["u"], "track_id": ["t1"], "count": [[1]]}, "column count holds list.*, expected numbers"),
        ({"user_id": ["u"], "track_id": ["t1"], "timestamp": [[1]]}, "column timestamp holds list.*, expected time"),
    ],
)
def test_a_parquet_of_other_columns_is_a_sentence(tmp_path: Path, columns: dict, message: str) -> None:
    pd.DataFrame(columns).to_parquet(path := tmp_path / "interactions.parquet")
    with pytest.raises(UserError, match=rf"interactions\.parquet: {message}"):
        read_log(path, KNOWN)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"user_id,track_id\n1,2\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_parquet_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "interactions.parquet"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"interactions.parquet: cannot be read as Parquet"):
        read_log(path, KNOWN)


def test_a_user_of_200_000_plays(tmp_path: Path) -> None:
    """Of 40,000 songs, five times each, in falling order of time."""
    known = pd.Index([f"s{n}" for n in range(40_000)])
    track = np.tile(np.arange(40_000), 5)
    rows = pd.DataFrame({"user_id": "fan", "track_id": [f"s{n}" for n in track]})
    rows["timestamp"] = 1_600_000_000 - np.arange(len(rows))
    rows.to_csv(path := tmp_path / "interactions.csv", index=False)
    playlists, counts = read_log(path, known)
    assert counts["interactions"] == 200_000 and list(playlists.index) == ["user/fan"]
    fan = playlists.loc["user/fan"]
    assert fan["tracks"] == [f"s{n}" for n in reversed(range(40_000))] and set(fan["counts"]) == {5.0}
    assert fan["times"] == sorted(fan["times"])


@pytest.fixture
def music(tmp_path: Path) -> Path:
    (tmp_path / "tracks.csv").write_text("track_id,path\na,a.ogg\nb,b.ogg\n")
    (tmp_path / "interactions.csv").write_text("user_id,track_id,timestamp\n1,b,1500000000\n1,a,1500000001\n2,x,1\n")
    return tmp_path


def test_a_folder_has_users_beside_its_playlists_or_instead(music: Path) -> None:
    assert as_dict(read_catalogue("folder", music).playlists) == {
        "user/1": (["b", "a"], [1.0, 1.0], [1_500_000_000, 1_500_000_001])
    }
    (music / "playlists").mkdir()
    (music / "playlists" / "calm.m3u").write_text("../a.ogg\n")
    catalogue = read_catalogue("folder", music)
    assert as_dict(catalogue.playlists)["calm"] == (["a"], [], []) and len(catalogue.playlists) == 2
    assert catalogue.counts["interactions_of_unknown_tracks"] == catalogue.counts["users_without_known_track"] == 1
    write_tables(catalogue, music)
    back = read_tables(music, music).playlists
    assert back["counts"].map(list).tolist() == [[], [1.0, 1.0]] and back["times"].map(len).tolist() == [0, 2]


def test_two_logs_and_a_playlist_that_is_called_like_a_user(music: Path) -> None:
    (music / "playlists" / "user").mkdir(parents=True)
    (music / "playlists" / "user" / "1.m3u").write_text("../../a.ogg\n")
    with pytest.raises(
        UserError, match=r"1 ids of playlists and users \(user/<user_id>\) occur more than once: user/1"
    ):
        read_catalogue("folder", music)
    pd.DataFrame({"user_id": ["1"], "track_id": ["a"]}).to_parquet(music / "interactions.parquet")
    with pytest.raises(UserError, match=r"has interactions.parquet and interactions.csv; keep the one that is meant"):
        read_catalogue("folder", music)


def test_a_date_that_stands_for_never_is_one_bad_row(tmp_path: Path) -> None:
    """No 64 bits of nanoseconds hold it."""
    (tmp_path / "interactions.csv").write_text(
        "user_id,track_id,timestamp\n1,t1,9999-12-31\n1,t2,2500-01-01T00:00:01Z\n"
    )
    users, counts = read_log(tmp_path / "interactions.csv", pd.Index(["t1", "t2"]))
    assert users["tracks"].tolist() == [["t2"]] and users["times"].tolist() == [[16_725_225_601]]
    assert counts["interactions_with_bad_timestamp"] == 1
