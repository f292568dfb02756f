"""Which models a project has, in a small pipeline that DVC runs; and the index of a small catalogue."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from click.testing import Result
from safetensors.numpy import load_file
from typer.testing import CliRunner
from usearch.index import Index

from unisono.cli.app import app
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError

REPO = Path(__file__).parents[2]
FRONT_END = {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 48}
DETAILS = {
    "columns": [{"score": "roc_auc", "headline": True}, {"score": "pr_auc", "headline": False}],
    "models": {"trained": {"roc_auc": {"mean": 0.75}, "pr_auc": {"mean": 0.5}}, "similarity": {"roc_auc": {"mean": 1}}},
}
TASKS = {"tags": "data/embeddings/music/trained", "retrieval": "data/embeddings/music/"}  # one model, and all
SCORES = {"tags.roc_auc": 0.75, "retrieval.roc_auc": 0.75}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def found_in(project: Path) -> dict[str, Any]:
    return {model["name"]: model for model in json.loads(run("models", "--project", str(project), "--json").stdout)}


def encoder(seed: int) -> MelCNN:
    torch.manual_seed(seed)
    return MelCNN(n_bands=48, crop_frames=128, channels=[4, 4, 4, 4, 8, 8, 8], hidden=16, embedding_dim=8, dropout=0.1)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose stages copy an encoder, embed with it and score it."""
    folder = tmp_path_factory.mktemp("project")
    save_encoder(folder / "ready/trained", encoder(0), FRONT_END)
    for task in TASKS:
        (folder / f"{task}.json").write_text(json.dumps(DETAILS))
    params = yaml.safe_load((REPO / "params/folder.yaml").read_text())
    params["systems"]["metric_learning"] = []
    params["evaluation"] = {"tags": params["evaluation"]["tags"]}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    save_encoder(folder / "data/models/untrained", encoder(3), FRONT_END)
    stages = {
        "train": {"cmd": "mkdir -p data/models && cp -r ready/trained data/models", "deps": ["ready/trained"],
                  "params": ["train.seed", "loss.lambda_a2g"], "outs": ["data/models/trained"]},
        "export": {"cmd": "mkdir -p data/embeddings/music && cd data/embeddings/music && cp -r ../../models/trained ."
                   " && cp -r trained sound", "deps": ["data/models/trained"],
                   "outs": ["data/embeddings/music/trained", "data/embeddings/music/sound"]},
        "evaluate": {"cmd": "mkdir -p metrics/details/evaluate && cp ${key}.json metrics/details/evaluate",
                     "deps": ["${item}", "${key}.json"],
                     "outs": [{"metrics/details/evaluate/${key}.json": {"cache": False}}]},
    }  # fmt: skip
    pipeline = {name: {"foreach": TASKS if name == "evaluate" else ["music"], "do": do} for name, do in stages.items()}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": pipeline}))
    for command in ("git init -q", "dvc init -q", "dvc config core.analytics false", "dvc repro -q"):
        dvc(folder, *command.split())
    return folder


def dvc(folder: Path, *command: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=True)


@pytest.fixture
def project(ran: Path, tmp_path: Path) -> Path:
    return shutil.copytree(ran, tmp_path / "project")


def test_a_model_with_its_params_and_scores(project: Path) -> None:
    model = found_in(project)["trained"]
    weights = load_file(project / "data/models/trained/encoder.safetensors")
    learned = sum(value.size for name, value in weights.items() if "running" not in name and "batches" not in name)
    assert model.pop("written")[:2] == "20"
    assert model == {
        "name": "trained", "kind": "mel_cnn", "dimensions": 8, "parameters": learned, "corpus": "music",
        "params": {"train.seed": 0, "loss.lambda_a2g": 1.0}, "scores": SCORES, "problem": "",
    }  # fmt: skip
    shutil.rmtree(project / "data/models/untrained")
    (project / "params.yaml").unlink()  # which asks for it
    answer = run("models", "--project", str(project))
    assert answer.exit_code == 0
    assert f"trained: mel_cnn, 8 dimensions, {learned:,} parameters, learned from music, written 20" in answer.stdout
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert lines[1:] == ["scores tags.roc_auc 0.750, retrieval.roc_auc 0.750", "loss lambda_a2g 1.0", "train seed 0"]


def test_scores_of_an_earlier_model_are_not_this_ones(project: Path) -> None:
    save_encoder(project / "ready/trained", encoder(1), FRONT_END)
    dvc(project, "dvc", "repro", "-q", "train")
    assert found_in(project)["trained"]["scores"] == {} and found_in(project)["trained"]["corpus"] == "music"
    dvc(project, "dvc", "repro", "-q")
    assert found_in(project)["trained"]["scores"] == SCORES
    (project / "data/embeddings/music/trained/config.json").write_text("{}")
    assert found_in(project)["trained"]["scores"] == {"tags.roc_auc": 0.75}, "what all were scored by has changed"


def test_a_copied_model_has_no_params(project: Path) -> None:
    shutil.copytree(project / "ready/trained", project / "data/models/mine")
    save_encoder(project / "data/models/mine", encoder(2), FRONT_END)
    found = found_in(project)
    assert found["mine"]["params"] == found["mine"]["scores"] == {} and found["mine"]["dimensions"] == 8
    answer = run("models", "--project", str(project))
    assert answer.exit_code == 0 and "params not known: dvc.lock has no stage" in " ".join(answer.stdout.split())
    (project / "dvc.lock").unlink()
    assert {model["corpus"] for model in found_in(project).values()} == {""}


def test_damaged_and_missing_models_are_said(project: Path) -> None:
    shutil.copytree(project / "data/models/trained", project / "data/models/other")
    (project / "data/models/other/encoder.safetensors").write_bytes(b"\0" * 20)
    (project / "data/models/empty").mkdir()
    shutil.rmtree(project / "data/models/trained")
    answer = run("models", "--project", str(project))
    assert answer.exit_code == 1
    text = " ".join(answer.stdout.split())
    assert "encoder.safetensors: damaged, or not what the pipeline wrote" in text
    assert "data/models/empty: no encoder.safetensors and no config.json" in text
    assert "data/models/trained: missing; `dvc checkout` brings it back" in text


def test_a_project_without_models_or_with_a_damaged_lock(project: Path, tmp_path: Path) -> None:
    nothing = run("models", "--project", str(tmp_path / "nowhere")).exception
    assert isinstance(nothing, UserError) and "no model; train one with `make repro`" in str(nothing)
    for text in ("stages: [", "stages: 5", "", "stages: {train: 1}", "stages: {train: {outs: [1]}}"):
        (project / "dvc.lock").write_text(text)
        damaged = run("models", "--project", str(project)).exception
        assert isinstance(damaged, UserError) and "dvc.lock: damaged (" in str(damaged), text


def test_the_index_of_a_catalogue(tmp_path: Path) -> None:
    rng, ids = np.random.default_rng(0), [f"t{row}" for row in range(60)]
    vectors = {layer: rng.normal(size=(60, 8)).astype(np.float32) for layer in ("trained", "sound")}
    for layer, vectors_ND in vectors.items():
        folder = tmp_path / "data/embeddings/catalogue" / layer
        folder.mkdir(parents=True)
        np.save(folder / "tracks.npy", vectors_ND)
        np.save(folder / "windows.npy", vectors_ND)
        pd.DataFrame({"track_id": ids, "first_window": range(60), "n_windows": 1}).to_parquet(folder / "index.parquet")
    frames = tmp_path / "data/frames/catalogue"
    frames.mkdir(parents=True)
    tracks = pd.DataFrame(
        {"track_id": ids, "genres": [["rock"]] * 60, "source": ids, "title": [i.upper() for i in ids]}
    )
    tracks.to_parquet(frames / "tracks.parquet")
    answer = run("index", "-o", str(tmp_path / "music.usearch"), "--project", str(tmp_path))
    assert answer.exit_code == 0 and "60 tracks" in answer.stdout
    assert "recall@10 1.000 against exact search, over 60 of the tracks" in answer.stdout
    index, table = (
        Index.restore(str(tmp_path / "music.usearch")),
        pd.read_parquet(tmp_path / "music.usearch.ids.parquet"),
    )
    assert index is not None
    assert table.iloc[index.search(vectors["trained"][7], 1).keys]["title"].tolist() == ["T7"]
    again = run("index", "-o", str(tmp_path / "music.usearch"), "--project", str(tmp_path)).exception
    assert isinstance(again, UserError) and "not overwritten" in str(again)
