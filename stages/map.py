"""A catalogue's tracks as a map for the report page: alike side by side.

    python stages/map.py CORPUS

Reads data/embeddings/ and data/frames/; writes metrics/details/map.json. `unisono explore` draws all tracks.
"""

from pathlib import Path

import numpy as np

from unisono.artifacts.read import read_table
from unisono.embeddings.layout import colour_genres, layout
from unisono.embeddings.read import load_embeddings
from unisono.params import Params
from unisono.stage import run_stage, write_json

MOST = 1500  # tracks: as many as a page shows without hurry, and t-SNE lays out in some seconds
DIGITS = 4


def main(params: Params, corpus: str) -> None:
    embeddings = load_embeddings(Path("data/embeddings", corpus, "trained"))
    tracks = read_table(Path("data/frames", corpus, "tracks.parquet"), "track_id", "genres").set_index("track_id")
    names = read_table(Path("data/frames", corpus, "tracks.parquet")).set_index("track_id")
    n = len(embeddings.track_ids)
    chosen = np.sort(np.random.default_rng(0).permutation(n)[:MOST])
    ids = embeddings.track_ids[chosen]
    places_N2 = np.round(layout(np.asarray(embeddings.tracks_ND[chosen])).astype(float), DIGITS)
    genres, of_tracks = colour_genres(tracks.loc[ids, "genres"])
    titles = names.loc[ids, "title"] if "title" in names else ids
    found = {"x": places_N2[:, 0].tolist(), "y": places_N2[:, 1].tolist(), "genre": of_tracks, "genres": genres}
    write_json(Path("metrics/details/map.json"), {**found, "name": [str(title) for title in titles], "n": n})


if __name__ == "__main__":
    run_stage(main)
