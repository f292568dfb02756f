"""Learn a vector for each genre, word or artist from those that songs have together.

    python stages/bags.py genres|words|artists CORPUS

A song's words are those of the playlists that training may know it from, in data/words/tracks.parquet; a song of the
test part has none.
"""

from pathlib import Path

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.song_words import song_words
from unisono.modalities.word2vec import evened, name_vectors
from unisono.params import Params
from unisono.stage import run_stage, write_metrics

DATA = Path("data")


def main(params: Params, what: str, corpus: str) -> None:
    split = read_table(DATA / "split" / f"{corpus}.parquet", "track_id", "split").set_index("track_id")["split"]
    folder = DATA / "frames" / corpus
    if what == "words":
        words = read_table(folder / "playlists.parquet", "playlist_id", "words").set_index("playlist_id")["words"]
        listed = read_table(DATA / "split" / f"{corpus}-playlists.parquet", "playlist_id", "known")
        songs = listed.set_index("playlist_id")["known"]
        bags, counts = words_of_songs(words, songs, split.index[split != "test"], params)
    else:
        bags, counts = read_table(folder / "tracks.parquet", "track_id", what).set_index("track_id")[what], {}
    sentences = bags[split[bags.index] != "test"].map(list)
    names, vectors_GD = name_vectors(sentences.tolist(), getattr(params, what))
    save_vectors(DATA / what, names, vectors_GD if what == "genres" else evened(vectors_GD))  # genres are as published
    details = {
        "n": len(names),
        "only_in_test": len(set(bags.explode().dropna()) - set(names)),
        **counts,
        "songs": count_songs(sentences, what.removesuffix("s")),
    }
    write_metrics(what, {what: {"n": len(names)}}, details)


def words_of_songs(
    words: pd.Series, songs: pd.Series, known: pd.Index, params: Params
) -> tuple[pd.Series, dict[str, object]]:
    """The words of each known song, which are written beside the vectors, and what was left out, counted.

    Args:
        words, songs: of each playlist, by its id; the songs are those that training may see.
    """
    words = words.loc[songs.index]
    found = song_words(songs, words, params.words.least)
    out = DATA / "words"
    out.mkdir(parents=True, exist_ok=True)
    found.bags.rename("words").reset_index().to_parquet(out / "tracks.parquet", index=False)
    counts = {
        "rare": found.rare,
        "playlists": {
            "n": len(songs),
            "without_known_song": int((songs.map(len) == 0).sum()),
            "without_word": int((words.map(len) == 0).sum()),
        },
    }
    return pd.Series([found.bags.get(track, []) for track in known], index=known, dtype=object), counts


def count_songs(sentences: pd.Series, name: str) -> dict[str, int]:
    length = sentences.map(lambda sentence: len(set(sentence)))
    return {
        "n": len(sentences),
        f"without_{name}": int((length == 0).sum()),
        f"with_one_{name}": int((length == 1).sum()),
    }


if __name__ == "__main__":
    run_stage(main)
