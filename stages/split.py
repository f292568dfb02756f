"""python stages/split.py CORPUS

Split a corpus into training, validation and test parts: stratified by genre, also so that no artist is in two, or by
time. One that comes with lists of its own keeps them: nothing is split, and the tables are empty. With
params.split.folds, the test part is one of so many folds. Beside the tracks' parts, CORPUS-playlists.parquet has the
songs of each playlist that training may see, and those that are to be found.
"""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.corpora.playlist_split import SCHEMA, split_playlists, time_split
from unisono.params import Params
from unisono.stage import run_stage, write_metrics


def main(params: Params, corpus: str) -> None:
    tables, out = Path("data/frames", corpus), Path("data/split", f"{corpus}.parquet")
    of_playlists = out.with_name(f"{corpus}-playlists.parquet")
    out.parent.mkdir(parents=True, exist_ok=True)
    playlists = read_table(tables / "playlists.parquet", "playlist_id", "tracks", "counts", "times")
    if len(read_table(tables / "labels.parquet")):
        split = pd.DataFrame({"track_id": [], "split": []}, dtype="str")
        split.to_parquet(out, index=False)
        split_playlists(playlists, split, 0, 0).to_parquet(of_playlists, index=False, schema=SCHEMA)
        write_metrics(f"split/{corpus}", {}, {})
        return
    from unisono.corpora.artist_split import artist_groups
    from unisono.corpora.split import fold_split, split_metrics, stratified_split  # scikit-multilearn takes a second

    wanted = params.split
    columns = ["genres", "artists"] if wanted.by == "artist" else ["genres"]
    tracks = read_table(tables / "tracks.parquet", "track_id", *columns).set_index("track_id")
    labels, periods = tracks["genres"], None
    groups_N = artist_groups(tracks["artists"]) if wanted.by == "artist" else None
    if wanted.by == "time":
        split, periods = time_split(labels.index.to_series(), playlists, wanted.validation, wanted.test)
    elif wanted.folds:
        split = fold_split(labels, wanted.folds, wanted.fold, wanted.validation, wanted.seed, groups_N)
    else:
        split = stratified_split(labels, wanted.validation, wanted.test, wanted.seed, groups_N)
    split.to_parquet(out, index=False)
    test_from = periods.test_from if periods else float("inf")
    found = split_playlists(playlists, split, wanted.held_out, wanted.seed, test_from)
    found.to_parquet(of_playlists, index=False, schema=SCHEMA)
    metrics = split_metrics(labels, split, wanted.validation, wanted.test_share)
    metrics["playlist_songs"] = {name: int(found[name].map(len).sum()) for name in ("known", "hidden")}
    metrics["periods"] = asdict(periods) if periods else {}
    write_metrics(f"split/{corpus}", {"split": {corpus: metrics["genres"]["deviation"]}}, metrics)


if __name__ == "__main__":
    run_stage(main)
