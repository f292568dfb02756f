"""Learn a vector for each genre, word or artist from those that songs have together.

    python stages/bags.py genres|words|artists CORPUS

A song's words, in data/words/tracks.parquet, are those of the playlists that training knows to hold it: a song of the
test part has none, and where the split hides a song from a playlist, it has not that playlist's words.
"""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.song_words import song_words
from unisono.modalities.word2vec import evened, name_vectors, nearest_names
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

DATA = Path("data")


def main(params: Params, what: str, corpus: str) -> None:
    split = read_table(DATA / "split" / f"{corpus}.parquet", "track_id", "split").set_index("track_id")["split"]
    folder = DATA / "frames" / corpus
    if what == "words":
        words = read_table(folder / "playlists.parquet", "playlist_id", "words")
        known = read_table(DATA / "split" / f"{corpus}-playlists.parquet", "playlist_id", "known")
        bags, counts = words_of_songs(words.merge(known, on="playlist_id"), split, params)
    else:
        bags, counts = read_table(folder / "tracks.parquet", "track_id", what).set_index("track_id")[what], {}
    sentences = bags[split[bags.index] != "test"].map(list)
    names, vectors_GD = name_vectors(sentences.tolist(), getattr(params, what))
    save_vectors(DATA / what, names, vectors_GD if what == "genres" else evened(vectors_GD))  # genres are as published
    details = {
        "n": len(names),
        "only_in_test": len(set(bags.explode().dropna()) - set(names)),
        "nearest": nearest_names(sentences.tolist(), names, vectors_GD),
        **counts,
        "songs": count_songs(sentences, what.removesuffix("s")),
    }
    write_metrics(what, {what: {"n": len(names)}}, details)


def words_of_songs(playlists: pd.DataFrame, split: pd.Series, params: Params) -> tuple[pd.Series, dict[str, object]]:
    """The words of each song outside the test part, which are written beside the vectors, and what was left out."""
    found = song_words(playlists["known"], playlists["words"], params.words.least)
    out = DATA / "words"
    out.mkdir(parents=True, exist_ok=True)
    found.bags.rename("words").reset_index().to_parquet(out / "tracks.parquet", index=False)
    counts = {
        "rare": found.rare,
        "playlists": {
            "n": len(playlists),
            "without_known_song": int((playlists["known"].map(len) == 0).sum()),
            "without_word": int((playlists["words"].map(len) == 0).sum()),
        },
    }
    songs = split.index[split != "test"]
    return pd.Series([found.bags.get(track, []) for track in songs], index=songs, dtype=object), counts


def count_songs(sentences: pd.Series, name: str) -> dict[str, int]:
    length = sentences.map(lambda sentence: len(set(sentence)))
    return {
        "n": len(sentences),
        f"without_{name}": int((length == 0).sum()),
        f"with_one_{name}": int((length == 1).sum()),
    }


if __name__ == "__main__":
    run_stage(main)
