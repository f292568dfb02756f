"""Learn a vector for each genre from the genres that songs have together.

python stages/genres.py
"""

from pathlib import Path

import pandas as pd

from unisono.genres import genre_vectors
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.vectors import save_vectors


def main(params: Params) -> None:
    genres = pd.read_parquet("data/frames/catalogue/tracks.parquet").set_index("track_id")["genres"]
    part = pd.read_parquet("data/split/split.parquet").set_index("track_id")["part"]
    sentences = genres[part[genres.index] != "test"].map(list)
    names, vectors_GD = genre_vectors(sentences.tolist(), params.genres)
    save_vectors(Path("data/genres"), names, vectors_GD)
    length = sentences.map(lambda sentence: len(set(sentence)))
    write_metrics(
        Path("metrics/genres.json"),
        {
            "genres": {
                "n": len(names),
                "only_in_test": len(set(genres.explode().dropna()) - set(names)),
                "songs": {
                    "n": len(sentences),
                    "without_genre": int((length == 0).sum()),
                    "with_one_genre": int((length == 1).sum()),
                },
            }
        },
    )


if __name__ == "__main__":
    run_stage(main)
