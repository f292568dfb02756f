"""Factorise the playlists x songs matrix: a vector for each training and validation song.

python stages/factorize.py CORPUS
"""

from pathlib import Path

from unisono.artifacts.read import read_table
from unisono.artifacts.vectors import save_vectors
from unisono.modalities.factorize import factorize
from unisono.params import Params
from unisono.stage import run_stage, write_metrics
from unisono.training.devices import pick_device


def main(params: Params, corpus: str) -> None:
    playlists = read_table(Path("data/split", f"{corpus}-playlists.parquet"), "known", "counts")
    split = read_table(Path("data/split", f"{corpus}.parquet"), "track_id", "split")
    songs = split.loc[split["split"] != "test", "track_id"].tolist()
    device = pick_device(params.machine.device)
    result = factorize(playlists["known"], songs, params.cf, device, playlists["counts"])
    for out in (Path("data/cf"), Path("data/baselines", corpus, "factors")):  # also where evaluation looks for them
        save_vectors(out, result.track_ids, result.factors_ND)
    details = {
        "held_out": result.held_out,
        "interactions": {"hidden": result.n_hidden, "n": result.n_interactions},
        "loss": result.losses,
        "playlists": {"n": result.n_playlists, "without_known_song": len(playlists) - result.n_playlists},
        "songs": {"n": len(songs), "without_interactions": result.n_without_interactions},
    }
    write_metrics("factorize", {"factorize": result.held_out}, details)


if __name__ == "__main__":
    run_stage(main)
