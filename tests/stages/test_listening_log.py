"""A listening log from its file to the scores of cold and of known songs, split by time and at random."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from project import REPO
from small_data import run_main, write_params

from unisono.corpora.reading.catalogue import write_tables
from unisono.corpora.reading.registry import read_catalogue
from unisono.embeddings.read import INDEX, TRACKS, WINDOWS

N_TRACKS, N_USERS, N_STYLES, DAY = 400, 120, 8, 86_400


def write_log(root: Path, suffix: str) -> pd.DataFrame:
    """Users of one or two styles in a year in which songs come out; one hears all of them, and some rows are bad."""
    rng = np.random.default_rng(0)
    style, released = rng.integers(0, N_STYLES, N_TRACKS), np.sort(rng.integers(0, 360, N_TRACKS))
    rows = []
    for user in range(N_USERS):
        liked = np.isin(style, rng.integers(0, N_STYLES, 2)) if user else np.ones(N_TRACKS, dtype=bool)
        for day in rng.integers(20, 365, 4000 if user == 0 else 60):
            out = np.flatnonzero(liked & (released <= day))
            rows += [(f"u{user}", f"t{rng.choice(out)}", int(rng.integers(1, 5)), int(day))] if len(out) else []
    log = pd.DataFrame(rows, columns=["user_id", "track_id", "count", "day"])
    log["timestamp"] = 1_600_000_000 + DAY * log["day"]
    bad = pd.DataFrame({"user_id": ["u1", "u1", ""], "track_id": ["gone", "t1", "t1"], "count": [1, 0, 1]})
    log = pd.concat([log.drop(columns="day"), bad.assign(timestamp=1_600_000_000)], ignore_index=True)
    lines = [f"t{n},{n}.ogg,style {style[n]}" for n in range(N_TRACKS)]
    (root / "tracks.csv").write_text("\n".join(["track_id,path,genres", *lines]) + "\n")
    if suffix == "csv":
        log.to_csv(root / "interactions.csv", index=False)
    else:
        times = pd.to_datetime(log["timestamp"], unit="s")
        log.assign(timestamp=times).to_parquet(root / "interactions.parquet", index=False)
    return pd.DataFrame({"track_id": [f"t{n}" for n in range(N_TRACKS)], "style": style})


def embed(folder: Path, styles: pd.DataFrame) -> None:
    """Embeddings that hear a song's style, and little else."""
    rng = np.random.default_rng(1)
    vectors_ND = (np.eye(N_STYLES)[styles["style"]] + 0.3 * rng.normal(size=(N_TRACKS, N_STYLES))).astype(np.float32)
    folder.mkdir(parents=True)
    np.save(folder / WINDOWS, vectors_ND)
    np.save(folder / TRACKS, vectors_ND)
    index = pd.DataFrame({"track_id": styles["track_id"], "first_window": range(N_TRACKS), "n_windows": 1})
    index.to_parquet(folder / INDEX)


@pytest.mark.parametrize(("suffix", "by"), [("csv", "time"), ("parquet", "track"), ("parquet", "time")])
def test_a_log_is_split_factorised_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, by: str
) -> None:
    monkeypatch.chdir(tmp_path)
    styles = write_log(tmp_path, suffix)
    catalogue = read_catalogue("folder", tmp_path)
    found = catalogue.counts
    assert (found["interactions_of_unknown_tracks"], found["interactions_with_bad_count"]) == (1, 1)
    assert found["interactions_without_id"] == 1 and len(catalogue.playlists) == N_USERS
    (tmp_path / "data/frames/catalogue").mkdir(parents=True)
    write_tables(catalogue, tmp_path / "data/frames/catalogue")
    for folder in ("embeddings/catalogue/trained", "baselines/catalogue/untrained", "baselines/catalogue/statistics"):
        embed(tmp_path / "data" / folder, styles)
    write_params(tmp_path, log_params(by))
    run_main(tmp_path, "split.py catalogue")
    run_main(tmp_path, "factorize.py catalogue")
    for command in ("cold", "known", "cold baselines", "known baselines"):
        run_main(tmp_path, f"evaluate.py {command}")

    parts = pd.read_parquet("data/split/catalogue.parquet").set_index("track_id")["split"]
    lists = pd.read_parquet("data/split/catalogue-playlists.parquet").set_index("playlist_id")
    assert not parts[pd.read_parquet("data/cf/ids.parquet")["id"]].eq("test").any()
    if by == "time":
        start = json.loads(Path("metrics/details/split/catalogue.json").read_text())["periods"]["test_from"]
        for user, row in catalogue.playlists.iterrows():
            new = {song for song, time in zip(row["tracks"], row["times"], strict=True) if time >= start}
            assert set(lists.loc[user, "hidden"]) == new and set(lists.loc[user, "known"]) == {*row["tracks"]} - new
    for name in ("cold", "known"):
        trained = means(f"evaluate/{name}")["trained"]
        rows = means(f"baselines/{name}")
        beside = {"popularity", "WARP"} if name == "known" else set()
        assert set(rows) == {"untrained", "statistics", "chance"} | beside
        assert trained["ndcg@20"] > 1.3 * rows["chance"]["ndcg@20"]
        assert {"recall@20", "hit@20"} <= set(trained)
    assert rows["WARP"]["ndcg@20"] > rows["popularity"]["ndcg@20"] > 0


def log_params(by: str) -> dict[str, Any]:
    params: dict[str, Any] = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["split"] |= {"by": by, "held_out": 0.0 if by == "time" else 0.3, "test": 0.2}
    params["cf"] |= {"dim": 16, "epochs": 15, "count_power": 0.5}
    task = params["evaluation"]["playlists"] | {"k": 20}
    params["evaluation"] = {"cold": task, "known": task | {"songs": "known"}}
    return params


def means(name: str) -> dict[str, dict[str, float]]:
    """{row: {score: mean}} of an evaluation's details."""
    details = json.loads(Path(f"metrics/details/{name}.json").read_text())
    rows = details["models"] | {"chance": details["chance"]}
    return {row: {score: summary["mean"] for score, summary in scores.items()} for row, scores in rows.items()}
