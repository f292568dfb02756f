"""Learn a vector for each genre from the genres that songs have together.

python stages/bags.py genres CORPUS
"""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.word2vec import name_vectors
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

DATA = Path("data")


def main(params: Params, what: str, corpus: str) -> None:
    split = read_table(DATA / "split" / f"{corpus}.parquet", "track_id", "split").set_index("track_id")["split"]
    bags = read_table(DATA / "frames" / corpus / "tracks.parquet", "track_id", what).set_index("track_id")[what]
    sentences = bags[split[bags.index] != "test"].map(list)
    names, vectors_GD = name_vectors(sentences.tolist(), getattr(params, what))
    save_vectors(DATA / what, names, vectors_GD)
    details = {
        "n": len(names),
        "only_in_test": len(set(bags.explode().dropna()) - set(names)),
        "songs": count_songs(sentences, what.removesuffix("s")),
    }
    write_metrics(what, {what: {"n": len(names)}}, details)


def count_songs(sentences: pd.Series, name: str) -> dict[str, int]:
    length = sentences.map(lambda sentence: len(set(sentence)))
    return {
        "n": len(sentences),
        f"without_{name}": int((length == 0).sum()),
        f"with_one_{name}": int((length == 1).sum()),
    }


if __name__ == "__main__":
    run_stage(main)
