"""What the training stages read, in a few random tracks: a folder in which a stage's script runs in a moment."""

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from changed import set_keys
from project import REPO, tiny

from unisono.artifacts.vectors import save_vectors
from unisono.corpora.playlist_split import split_playlists
from unisono.encoders.saved import save_encoder, save_projector
from unisono.frames.store import FrameWriter, shard_name, write_index
from unisono.metric_learning.build import build_encoder, build_objective
from unisono.params import Params, load_params
from unisono.stage import write_json

PARTS = ["train"] * 12 + ["validation"] * 4 + ["test"] * 4
TRACKS = [f"t{row}" for row in range(len(PARTS))]
GENRES = ["rock", "jazz", "folk"]


def write_small_data(folder: Path) -> None:
    """Write params.yaml and the inputs of train, balance, finetune and all that reads what they leave."""
    params = tiny()
    params["train"] |= {"batch_size": 4, "epochs": 2}
    params["pretrain"] |= {"batch_size": 4, "epochs": 2}
    params["finetune"] |= {"batch_size": 4, "epochs": 2}
    params["report"]["tag_pair"] = GENRES[:2]
    write_params(folder, params)
    rng = np.random.default_rng(0)
    labels = pd.DataFrame({"track_id": TRACKS, "tags": [[GENRES[row % 3]] for row in range(20)], "split": PARTS})
    catalogue, waves = folder / "data/frames/catalogue", folder / "data/waves/magnatagatune"
    _write_store(catalogue, rng.normal(-40, 20, (20, 150, 48)))
    _write_store(waves, rng.normal(0, 0.1, (20, 2500, 1)))
    labels.assign(genres=labels["tags"])[["track_id", "genres"]].to_parquet(catalogue / "tracks.parquet", index=False)
    playlists = [[TRACKS[row] for row in rng.permutation(20)[:8]] for _ in range(10)]
    tables = pd.DataFrame({"playlist_id": [str(row) for row in range(10)], "tracks": playlists})
    tables = tables.assign(counts=[[]] * 10, times=[[]] * 10, words=[["rain"]] * 10)
    tables.to_parquet(catalogue / "playlists.parquet", index=False)
    labels.assign(task="tagged").to_parquet(waves / "labels.parquet", index=False)
    labels.assign(task="tagged")[:0].to_parquet(catalogue / "labels.parquet", index=False)
    (folder / "data/split").mkdir()
    split = pd.DataFrame({"track_id": TRACKS, "split": PARTS})
    split.to_parquet(folder / "data/split/catalogue.parquet", index=False)
    split_playlists(tables, split, 0, 0).to_parquet(folder / "data/split/catalogue-playlists.parquet", index=False)
    pd.DataFrame({"track_id": [], "split": []}, dtype="str").to_parquet(folder / "data/split/magnatagatune.parquet")
    save_vectors(folder / "data/cf", TRACKS, rng.normal(size=(20, 8)))
    save_vectors(folder / "data/genres", GENRES, rng.normal(size=(3, 8)))
    typed = load_params(folder / "params.yaml")
    module = build_objective(typed, build_encoder(typed, seed=0), len(GENRES), metric=0, contrastive=1, augment=False)
    save_encoder(folder / "data/models/pretrained", module.encoder, typed.waves.model_dump())
    save_projector(folder / "data/models/pretrained", module.projector)
    write_json(folder / "metrics/details/pretrain.json", {"converged": 2.0})
    write_json(folder / "metrics/details/balance.json", {"r": 2.0})


def write_params(folder: Path, params: dict[str, Any]) -> None:
    (folder / "params.yaml").write_text(json.dumps(params))  # JSON is YAML, and keeps 1e-8 a number


def change_params(folder: Path, changes: dict[str, Any]) -> None:
    """Set params by their keys."""
    write_params(folder, set_keys(yaml.safe_load((folder / "params.yaml").read_text()), changes))


def run_main(folder: Path, command: str, params: Params | None = None) -> None:
    """What a stage's command (`train.py catalogue`) does after its start, in the working folder `folder`."""
    torch.set_num_threads(1)
    script, *arguments = command.split()
    main = runpy.run_path(str(REPO / "stages" / script))["main"]
    main(params or load_params(folder / "params.yaml"), *arguments)


def _write_store(folder: Path, frames_NTF: np.ndarray) -> None:
    folder.mkdir(parents=True)
    with FrameWriter(folder / shard_name(0), frames_NTF.shape[2]) as writer:
        pairs = zip(TRACKS, frames_NTF, strict=True)
        rows = [(track, 0, writer.append(frames_TF), len(frames_TF)) for track, frames_TF in pairs]
    write_index(folder, pd.DataFrame(rows, columns=["track_id", "shard", "first_frame", "n_frames"]))
