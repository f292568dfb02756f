"""The whole pipeline as a user runs it, on a tiny sample: cold, again, an ablation, and back."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from project import REPO, Project, clone

TINY = {
    "sample": {
        "songs": 260, "playlists": 120, "gtzan_tracks": 100, "jamendo_tracks": 80, "magnatagatune_clips": 80,
        "seconds": 5,
    },
    "cf": {"dim": 8, "epochs": 3},
    "genres": {"dim": 8, "epochs": 2},
    "encoder": {"channels": [4, 4, 4, 4, 8, 8, 8], "hidden": 16, "embedding_dim": 8},
    "train": {"epochs": 2, "batch_size": 32},
    "waves": {"sample_rate": 7350},
    "pretrain": {"epochs": 2, "batch_size": 16},
    "finetune": {"epochs": 2, "batch_size": 16, "r": "auto"},
}  # fmt: skip


def tiny() -> dict:
    params = yaml.safe_load((REPO / "params.yaml").read_text())
    for room, values in TINY.items():
        params[room] |= values
    params["similarity"]["encoder"] = {"kind": "sample_cnn", "channels": [4] * 7, "embedding_dim": 8}
    for task in params["evaluation"].values():
        if "repeats" in task:
            task["repeats"] = 2
        if "probe" in task:
            task["probe"] |= {"epochs": 3}
    return params


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = clone(tmp_path_factory.mktemp("unisono"), tiny())
    project.run("dvc", "repro")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "first run")
    return project


def test_every_task_has_its_metrics_and_table(project: Project) -> None:
    for task in ("gtzan", "jamendo", "playlists", "tags"):
        metrics = json.loads(project.read(f"metrics/evaluate/{task}.json"))[task]
        assert {"untrained", "chance"} <= set(metrics)
    retrieval = json.loads(project.read("metrics/evaluate/retrieval.json"))["retrieval"]
    for system in ("similarity", "alignment", "untrained", "chance"):
        assert {"r@1", "r@8", "m@1", "m@10"} <= set(retrieval[system])
    assert {"roc_auc", "pr_auc"} <= set(
        json.loads(project.read("metrics/evaluate/autotagging.json"))["autotagging"]["similarity"]
    )
    balance = json.loads(project.read("metrics/balance.json"))["balance"]
    assert balance["r"] == balance["contrastive"] / balance["metric"]
    report = project.read("report/report.md").decode()
    assert "not comparable" in report and "| Contr CF-G (this run) |" in report


def test_planted_faults_are_counted_rejects(project: Project) -> None:
    metrics = json.loads(project.read("metrics/pack/catalogue.json"))
    assert "rejected" in json.dumps(metrics)
    rejects = project.read("data/frames/catalogue/rejects.csv").decode()
    assert len(rejects.splitlines()) >= 4  # a header, and a missing, an all-zero and a truncated mel


def test_a_second_run_has_nothing_to_do(project: Project) -> None:
    assert "Data and pipelines are up to date." in project.run("dvc", "repro")


def test_an_ablation_reruns_train_and_what_follows_and_comes_back_from_the_cache(project: Project) -> None:
    before = {name: project.read(name) for name in ("data/models/trained/encoder.safetensors", "metrics/train.json")}
    ablation = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2p=0")
    ran = {line.split("'")[1].split("@")[0] for line in ablation.splitlines() if line.startswith("Running stage")}
    assert ran == {"train", "export", "evaluate", "report"}
    assert project.read("metrics/train.json") != before["metrics/train.json"]
    assert "ndcg@100" in project.run("dvc", "metrics", "diff")
    back = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2p=1.0")
    assert "Running stage 'train'" not in back and "Running stage 'export@" not in back
    assert all(project.read(name) == content for name, content in before.items())


def test_a_variant_reruns_fine_tuning_and_what_follows_and_comes_back_from_the_cache(project: Project) -> None:
    before = {
        name: project.read(name) for name in ("data/models/finetuned/encoder.safetensors", "metrics/finetune.json")
    }
    variant = project.run("dvc", "exp", "run", "-S", "finetune.alpha=0.1", "-S", "finetune.label_fraction=0.1")
    ran = {line.split("'")[1].split("@")[0] for line in variant.splitlines() if line.startswith("Running stage")}
    assert ran == {"finetune", "export_similarity", "evaluate", "similarity_space", "report"}
    assert json.loads(project.read("metrics/finetune.json"))["finetune"]["labelled"] == 4
    back = project.run("dvc", "exp", "run", "-S", "finetune.alpha=1.0", "-S", "finetune.label_fraction=1.0")
    assert "Running stage" not in back.replace("Running stage 'report'", "").replace("Running stage 'evaluate@", "")
    assert all(project.read(name) == content for name, content in before.items())


def test_another_cold_run_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    """From nothing to the evaluation of both systems; the other corpora go through the same stages."""
    other = clone(tmp_path, tiny())
    other.run("dvc", "repro", "evaluate@playlists", "evaluate@tags", "evaluate@retrieval", "evaluate@autotagging")
    again = [
        p for name in ("metrics", "data/embeddings", "data/models", "data/cf") for p in (tmp_path / name).rglob("*.*")
    ]
    files = [str(p.relative_to(tmp_path)) for p in again if p.is_file() and p.name != ".gitignore"]
    assert {"metrics/train.json", "data/embeddings/catalogue/trained/tracks.npy"} <= set(files)
    assert {"metrics/finetune.json", "data/embeddings/magnatagatune/similarity/windows.npy"} <= set(files)
    different = [name for name in files if other.read(name) != project.read(name)]
    assert not different


def test_a_user_s_mistake_is_a_sentence(project: Project) -> None:
    said = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2g=0", "-S", "loss.lambda_a2p=0", fails=True)
    assert "loss.lambda_a2g, loss.lambda_a2p and loss.lambda_a2a are all 0" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.run("dvc", "exp", "run", "-S", "train.batch_size=5000", fails=True)
    assert "train.batch_size is 5000, but the training part has only" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.run(sys.executable, "stages/evaluate.py", "nosuch", fails=True)
    assert "unknown task 'nosuch'; expected one of gtzan" in said and "Traceback" not in said
