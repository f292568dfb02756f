"""python stages/split.py CORPUS

Split a corpus into training, validation and test parts, stratified by genre. One that comes with lists of its own keeps
them: nothing is split, and the table is empty. With params.split.folds, the test part is one of so many folds; with
params.split.by, parts share no artist.
"""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.params import Params
from unisono.stage import run_stage, write_metrics


def main(params: Params, corpus: str) -> None:
    tables, out = Path("data/frames", corpus), Path("data/split", f"{corpus}.parquet")
    out.parent.mkdir(parents=True, exist_ok=True)
    if len(read_table(tables / "labels.parquet")):
        pd.DataFrame({"track_id": [], "split": []}, dtype="str").to_parquet(out, index=False)
        write_metrics(f"split/{corpus}", {}, {})
        return
    from unisono.corpora.artist_split import artist_groups
    from unisono.corpora.split import fold_split, split_metrics, stratified_split  # scikit-multilearn takes a second

    wanted = params.split
    columns = ["genres", "artists"] if wanted.by == "artist" else ["genres"]
    tracks = read_table(tables / "tracks.parquet", "track_id", *columns).set_index("track_id")
    labels = tracks["genres"]
    groups_N = artist_groups(tracks["artists"]) if wanted.by == "artist" else None
    if wanted.folds:
        split = fold_split(labels, wanted.folds, wanted.fold, wanted.validation, wanted.seed, groups_N)
    else:
        split = stratified_split(labels, wanted.validation, wanted.test, wanted.seed, groups_N)
    split.to_parquet(out, index=False)
    metrics = split_metrics(labels, split, wanted.validation, wanted.test_share)
    write_metrics(f"split/{corpus}", {"split": {corpus: metrics["genres"]["deviation"]}}, metrics)


if __name__ == "__main__":
    run_stage(main)
