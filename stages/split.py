"""Split the catalogue into training, validation and test parts, stratified by genre.

python stages/split.py
"""

from pathlib import Path

from unisono.artifacts.read import read_table
from unisono.corpora.split import split_metrics, stratified_split
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

TRACKS = Path("data/frames/catalogue/tracks.parquet")
SPLIT = Path("data/split/split.parquet")


def main(params: Params) -> None:
    validation, test = params.split.validation, params.split.test
    labels = read_table(TRACKS, "track_id", "genres").set_index("track_id")["genres"]
    split = stratified_split(labels, validation, test, params.split.seed)
    SPLIT.parent.mkdir(parents=True, exist_ok=True)
    split.to_parquet(SPLIT, index=False)
    write_metrics(Path("metrics/split.json"), {"split": split_metrics(labels, split, validation, test)})


if __name__ == "__main__":
    run_stage(main)
