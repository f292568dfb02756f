"""python stages/split.py CORPUS

Split a corpus into training, validation and test parts, stratified by genre. One that comes with lists of its own keeps
them: nothing is split, and the table is empty.
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
    from unisono.corpora.split import split_metrics, stratified_split  # scikit-multilearn takes a second

    validation, test = params.split.validation, params.split.test
    labels = read_table(tables / "tracks.parquet", "track_id", "genres").set_index("track_id")["genres"]
    split = stratified_split(labels, validation, test, params.split.seed)
    split.to_parquet(out, index=False)
    metrics = split_metrics(labels, split, validation, test)
    write_metrics(f"split/{corpus}", {"split": {corpus: metrics["genres"]["deviation"]}}, metrics)


if __name__ == "__main__":
    run_stage(main)
