"""Learn a vector for each genre from the genres that songs have together.

python stages/genres.py
"""

from pathlib import Path

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.word2vec import genre_vectors
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

TRACKS, SPLIT = Path("data/frames/catalogue/tracks.parquet"), Path("data/split/split.parquet")


def main(params: Params) -> None:
    genres = read_table(TRACKS, "track_id", "genres").set_index("track_id")["genres"]
    part = read_table(SPLIT, "track_id", "split").set_index("track_id")["split"]
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
