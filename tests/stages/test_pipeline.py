"""The whole pipeline as a user runs it, on a tiny sample: cold, and again; and what a mistake is answered with."""

import json
from pathlib import Path

import numpy as np
import pytest
from project import Project, clone, tiny


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = clone(tmp_path_factory.mktemp("unisono"), tiny())
    project.run("dvc", "repro")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "first run")
    return project


def test_every_task_has_its_metrics_and_table(project: Project) -> None:
    untrained = json.loads(project.read("metrics/evaluate/untrained.json"))["untrained"]
    for task in ("gtzan", "jamendo", "playlists", "tags", "retrieval"):
        metrics = json.loads(project.read(f"metrics/evaluate/{task}.json"))[task]
        assert {"chance", "counts"} <= set(metrics) and task in untrained
    retrieval = json.loads(project.read("metrics/evaluate/retrieval.json"))["retrieval"]
    for system in ("similarity", "alignment", "chance"):
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


def test_another_project_takes_artifacts_from_here(project: Project, tmp_path: Path) -> None:
    """Through a remote: what a clone does not hold is fetched from there."""
    project.run("dvc", "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    project.run("dvc", "push")
    project.run("git", "commit", "-qam", "a remote")
    project.run("git", "tag", "-a", "aligned-encoder@v1.0.0", "-m", "first")
    published = tmp_path / "published"
    project.run("git", "clone", "-q", ".", str(published))
    weights = project.read("data/models/trained/encoder.safetensors")

    other = Project(tmp_path / "other")
    other.folder.mkdir()
    other.run("git", "init", "-q")
    other.run("dvc", "init", "-q")
    other.run("dvc", "artifacts", "get", str(published), "aligned-encoder", "--out", "encoder")
    assert other.read("encoder/encoder.safetensors") == weights
    other.run("dvc", "import", str(published), "data/embeddings/catalogue/trained", "--out", "embeddings")
    assert np.load(other.folder / "embeddings/tracks.npy", allow_pickle=False).any()

    project.run("dvc", "exp", "run", "-S", "embedding.layer=backbone", "export@catalogue")
    project.run("dvc", "push")
    project.run("git", "commit", "-qam", "another layer")
    Project(published).run("git", "pull", "-q")
    other.run("dvc", "update", "embeddings.dvc")
    assert other.read("embeddings/tracks.npy") == project.read("data/embeddings/catalogue/trained/tracks.npy")


def test_a_user_s_mistake_is_a_sentence(project: Project) -> None:
    said = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2g=0", "-S", "loss.lambda_a2p=0", fails=True)
    assert "loss.lambda_a2g, loss.lambda_a2p and loss.lambda_a2a are all 0" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.refuses({"train.batch_size": 5000}, "stages/train.py")
    assert "train.batch_size is 5000, but the training part has only" in said
    assert "unknown task 'nosuch'; expected one of gtzan" in project.refuses({}, "stages/evaluate.py", "nosuch")
