"""The whole pipeline as a user runs it, on a tiny sample: cold, again, an ablation, and back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parents[2]
TINY = {
    "sample": {"songs": 260, "playlists": 120, "gtzan_tracks": 100, "jamendo_tracks": 80, "seconds": 5},
    "cf": {"dim": 8, "epochs": 3},
    "genres": {"dim": 8, "epochs": 2},
    "encoder": {"channels": [4, 4, 4, 4, 8, 8, 8], "hidden": 16, "embedding_dim": 8},
    "train": {"epochs": 2, "batch_size": 32},
}


class Project:
    """A clone of the repository, and what its commands printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **{f"GIT_{who}_{what}": "tester" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def run(self, *command: str, fails: bool = False) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.env, text=True, capture_output=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def clone(folder: Path) -> Project:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPO, text=True, capture_output=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    results = ("dvc.lock", "metrics/", "report/")  # committed, of the sample in its full size
    for name in listed:
        if (REPO / name).is_file() and not name.startswith(results):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, folder / name)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    for room, values in TINY.items():
        params[room] |= values
    for task in params["evaluation"].values():
        task["repeats"] = 2
        if "probe" in task:
            task["probe"] |= {"epochs": 3}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    project = Project(folder)
    project.run("git", "init", "-q")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "a user's clone")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = clone(tmp_path_factory.mktemp("unisono"))
    project.run("dvc", "repro")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "first run")
    return project


def test_every_task_has_its_metrics_and_table(project: Project) -> None:
    for task in ("gtzan", "jamendo", "playlists", "tags"):
        metrics = json.loads(project.read(f"metrics/evaluate/{task}.json"))[task]
        assert {"untrained", "chance"} <= set(metrics)
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


def test_another_cold_run_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    """From nothing to the catalogue's evaluation; the other corpora go through the same stages."""
    other = clone(tmp_path)
    other.run("dvc", "repro", "evaluate@playlists", "evaluate@tags")
    again = [
        p for name in ("metrics", "data/embeddings", "data/models", "data/cf") for p in (tmp_path / name).rglob("*.*")
    ]
    files = [str(p.relative_to(tmp_path)) for p in again if p.is_file() and p.name != ".gitignore"]
    assert {"metrics/train.json", "data/embeddings/trained/catalogue/tracks.npy"} <= set(files)
    different = [name for name in files if other.read(name) != project.read(name)]
    assert not different


def test_a_user_s_mistake_is_a_sentence(project: Project) -> None:
    said = project.run("dvc", "exp", "run", "-S", "loss.lambda_a2g=0", "-S", "loss.lambda_a2p=0", fails=True)
    assert "loss.lambda_a2g and loss.lambda_a2p are both 0" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.run("dvc", "exp", "run", "-S", "train.batch_size=5000", fails=True)
    assert "train.batch_size is 5000, but the training part has only" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.run(sys.executable, "stages/evaluate.py", "nosuch", fails=True)
    assert "unknown task 'nosuch'; expected one of gtzan" in said and "Traceback" not in said
