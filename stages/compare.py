"""Somebody else's vectors of a corpus, a row of params.compare, made ready for the tasks of that corpus.

    python stages/compare.py NAME

A Parquet file with track_id and vector, a list of numbers; rows of one track, one behind the other, are its windows.
Tracks of the corpus that it lacks, or has no usable vector of, are counted in metrics/details/compare/NAME.json.
"""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.embeddings.foreign import read_foreign
from unisono.embeddings.write import save_embeddings
from unisono.params import Params
from unisono.stage import run_stage, write_json


def main(params: Params, name: str) -> None:
    foreign = params.compare[name]
    tracks = read_table(Path("data/frames", foreign.corpus, "tracks.parquet"), "track_id")
    found = read_foreign(foreign.path, pd.Index(tracks["track_id"]))
    out = Path("data/baselines", foreign.corpus, name)
    save_embeddings(out, found.track_ids, found.tracks_ND, found.windows_MD, found.n_windows)
    write_json(Path(f"metrics/details/compare/{name}.json"), found.counts)


if __name__ == "__main__":
    run_stage(main)
