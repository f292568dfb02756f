"""Ridge regression from plain statistics onto what the audio encoder is aligned with: the simplest alignment.

    python stages/ridge.py fit CORPUS          learn it from the training part of CORPUS
    python stages/ridge.py embed CORPUS        embed CORPUS by it
"""

from pathlib import Path

import numpy as np
import pandas as pd

from unisono.alignment.alignments import AUDIO, CROP, weighted_alignments
from unisono.alignment.ridge import LinearAlignment, Targets, fit_ridge
from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import load_vectors
from unisono.embeddings.read import load_embeddings
from unisono.embeddings.write import save_embeddings
from unisono.modalities.registry import MODALITIES
from unisono.params import Params
from unisono.stage import run_stage, write_json

DATA, BASELINES = Path("data"), Path("data/baselines")
MODEL = DATA / "models" / "ridge" / "ridge.safetensors"


def main(params: Params, what: str, corpus: str) -> None:
    if what == "fit":
        fit(params, corpus)
    else:
        embed(corpus)


def fit(params: Params, corpus: str) -> None:
    rows = weighted_alignments(params.loss, params.train.objective, MODALITIES)
    wanted = {row.b for row in rows if row.a == AUDIO and row.b != CROP}
    modalities = [kind(*load_vectors(DATA / kind.folder)) for kind in MODALITIES if kind.name in wanted]
    statistics = load_embeddings(BASELINES / corpus / "statistics")
    columns = [column for modality in modalities for column in modality.columns]
    tracks = read_table(DATA / "frames" / corpus / "tracks.parquet", "track_id", *columns).set_index("track_id")
    split = read_table(DATA / "split" / f"{corpus}.parquet", "track_id", "split")
    inputs, targets = [], {modality.name: [] for modality in modalities}
    for part in ("train", "validation"):
        track_ids = split.loc[split["split"] == part, "track_id"]
        inputs.append(np.asarray(statistics.tracks_ND[statistics.track_ids.get_indexer(pd.Index(track_ids))]))
        for modality in modalities:
            rows_N = modality.rows(tracks.loc[track_ids], params.train)
            targets[modality.name].append(Targets(modality.targets(rows_N), modality.present(rows_N)))
    model, strengths = fit_ridge(*inputs, targets)
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    model.save(MODEL)
    write_json(Path("metrics/details/ridge.json"), {"strengths": strengths})


def embed(corpus: str) -> None:
    statistics, model = load_embeddings(BASELINES / corpus / "statistics"), LinearAlignment.load(MODEL)
    out = BASELINES / corpus / "ridge"
    if not model.weights:  # crops are aligned with crops alone: there is nothing to regress onto
        out.mkdir(parents=True, exist_ok=True)
        return
    save_embeddings(
        out,
        statistics.track_ids,
        model.embed(statistics.tracks_ND),
        model.embed(statistics.windows_MD),
        statistics.n_windows,
    )


if __name__ == "__main__":
    run_stage(main)
