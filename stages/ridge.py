"""Ridge regression from plain statistics onto genres and playlists: the simplest alignment, whatever the losses weigh.

python stages/ridge.py CORPUS
"""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.alignment.ridge import Part, fit_ridge
from unisono.artifacts.read import read_table
from unisono.embeddings.read import load_embeddings
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.params import Params
from unisono.stage import run_stage, write_json

DATA = Path("data")


def main(params: Params, corpus: str) -> None:
    modalities = Genres.load(DATA / Genres.folder), Playlists.load(DATA / Playlists.folder)
    statistics = load_embeddings(DATA / "baselines" / corpus / "statistics")
    columns = [column for modality in modalities for column in modality.columns]
    tracks = read_table(DATA / "frames" / corpus / "tracks.parquet", "track_id", *columns).set_index("track_id")
    split = read_table(DATA / "split" / f"{corpus}.parquet", "track_id", "split")

    def part(name: str) -> Part:
        track_ids = pd.Index(split.loc[split["split"] == name, "track_id"])
        inputs_NI = np.asarray(statistics.tracks_ND[statistics.track_ids.get_indexer(track_ids)])
        rows_N = {modality: modality.rows(tracks.loc[track_ids], params.train) for modality in modalities}
        return Part(
            inputs_NI,
            targets={modality.name: modality.targets(rows) for modality, rows in rows_N.items()},
            present={modality.name: modality.present(rows) for modality, rows in rows_N.items()},
        )

    model, strengths = fit_ridge(part("train"), part("validation"))
    out = DATA / "ridge"
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / "ridge.safetensors")
    write_json(Path("metrics/details/ridge.json"), {"strengths": strengths})


if __name__ == "__main__":
    run_stage(main)
