"""Learn a vector for each genre from the genres that songs have together.

python stages/genres.py CORPUS
"""

from pathlib import Path

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.word2vec import genre_vectors
from unisono.params import Params
from unisono.stage import run_stage, write_metrics


def main(params: Params, corpus: str) -> None:
    tracks = read_table(Path("data/frames", corpus, "tracks.parquet"), "track_id", "genres")
    genres = tracks.set_index("track_id")["genres"]
    split = read_table(Path("data/split", f"{corpus}.parquet"), "track_id", "split").set_index("track_id")["split"]
    sentences = genres[split[genres.index] != "test"].map(list)
    names, vectors_GD = genre_vectors(sentences.tolist(), params.genres)
    save_vectors(Path("data/genres"), names, vectors_GD)
    length = sentences.map(lambda sentence: len(set(sentence)))
    details = {
        "n": len(names),
        "only_in_test": len(set(genres.explode().dropna()) - set(names)),
        "songs": {
            "n": len(sentences),
            "without_genre": int((length == 0).sum()),
            "with_one_genre": int((length == 1).sum()),
        },
    }
    write_metrics("genres", {"genres": {"n": len(names)}}, details)


if __name__ == "__main__":
    run_stage(main)
