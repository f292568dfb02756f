"""Experiments as a user runs them, on a tiny sample: what an ablation runs again, the way back, the same bytes twice.

One corpus of each system is enough: the others go through the same stages.
"""

import json
from pathlib import Path

import pytest
from project import Project, clone, tiny

CORPORA, TASKS = ("catalogue", "magnatagatune"), ("playlists", "tags", "retrieval", "autotagging")


def cold_run(folder: Path) -> Project:
    params = tiny()
    params["sample"]["corpora"] = ["melon", "magnatagatune"]
    params["corpora"] = {name: params["corpora"][name] for name in CORPORA}
    params["evaluation"] = {name: params["evaluation"][name] for name in TASKS}
    project = clone(folder, params)
    project.run("dvc", "repro")
    return project


def stages_run(said: str) -> set[str]:
    """The stages that a command ran, `evaluate` for any of evaluate@..."""
    return {line.split("'")[1].split("@")[0] for line in said.splitlines() if line.startswith("Running stage")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = cold_run(tmp_path_factory.mktemp("unisono"))
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "first run")
    return project


def test_another_cold_run_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    other = cold_run(tmp_path)
    results = [
        path
        for name in ("metrics", "data/embeddings", "data/untrained", "data/models", "data/cf", "report")
        for path in (tmp_path / name).rglob("*.*")
    ]
    files = [str(p.relative_to(tmp_path)) for p in results if p.is_file() and p.name != ".gitignore"]
    assert {"metrics/train.json", "metrics/finetune.json", "metrics/evaluate/untrained.json"} <= set(files)
    assert {"data/embeddings/catalogue/trained/tracks.npy", "report/report.md"} <= set(files)
    assert "data/embeddings/magnatagatune/similarity/windows.npy" in files
    different = [name for name in files if other.read(name) != project.read(name)]
    assert not different


def test_an_ablation_reruns_train_and_what_follows_and_comes_back_from_the_cache(project: Project) -> None:
    kept = ("data/models/trained/encoder.safetensors", "metrics/train.json")
    before = {name: project.read(name) for name in kept}
    ablation = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2p=0")
    assert stages_run(ablation) == {"train", "export", "evaluate", "report"}
    assert project.read("metrics/train.json") != before["metrics/train.json"]
    assert "ndcg@100" in project.run("dvc", "metrics", "diff")
    back = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2p=1.0")
    assert stages_run(back) <= {"evaluate", "report"}
    assert all(project.read(name) == content for name, content in before.items())


def test_a_variant_reruns_fine_tuning_and_what_follows_and_comes_back_from_the_cache(project: Project) -> None:
    kept = ("data/models/finetuned/encoder.safetensors", "metrics/finetune.json")
    before = {name: project.read(name) for name in kept}
    variant = project.run("dvc", "exp", "run", "-S", "finetune.alpha=0.1", "-S", "finetune.label_fraction=0.1")
    assert stages_run(variant) == {"finetune", "export_similarity", "evaluate", "similarity_space", "report"}
    assert json.loads(project.read("metrics/finetune.json"))["finetune"]["labelled"] == 4
    back = project.run("dvc", "exp", "run", "-S", "finetune.alpha=1.0", "-S", "finetune.label_fraction=1.0")
    assert stages_run(back) <= {"evaluate", "report"}
    assert all(project.read(name) == content for name, content in before.items())
