"""The whole pipeline as a user runs it, on a tiny sample: killed, as experiments; artifacts, and mistakes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from killing import files_below
from project import Project, clone, tiny
from running import run_pipeline

KILLS = 4
STAGES, SECONDS = 3, 2.5  # a run is killed in one of its first stages, so long after it began at most
# With what they follow from, they run every script but that of evaluation and of the report, which tests below run.
ENDS = ("similarity_space@magnatagatune", "map@catalogue", "export_ridge@catalogue-catalogue", "untrained")
UNLIKE = ("data/raw", "data/inventory")  # times of files are in them


def stages_run(said: str) -> set[str]:
    """The stages that a command ran."""
    return {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")}


def one_corpus_a_system() -> dict[str, Any]:
    """The tiny sample without GTZAN and MTG-Jamendo, whose stages are those of the others."""
    params = tiny()
    for name in ("gtzan", "jamendo"):
        params["sample"]["corpora"].remove(name)
        params["systems"]["embed"].remove(name)
        del params["corpora"][name], params["evaluation"][name]
    return params


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """After its first run, in one process instead of one a stage."""
    project = clone(tmp_path_factory.mktemp("unisono"), one_corpus_a_system())
    run_pipeline(project.folder)
    project.run("dvc", "commit", "--force")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "first run")
    return project


def test_every_task_has_its_metrics_and_table(project: Project) -> None:
    def read(path: str) -> dict:
        return json.loads(project.read(f"metrics/{path}.json"))

    for task in ("playlists", "tags", "retrieval", "autotagging"):
        scores, baselines = read(f"details/evaluate/{task}")["models"], read(f"details/baselines/{task}")
        assert baselines["chance"].keys() == next(iter(scores.values())).keys()
        assert len(read(f"evaluate/{task}")[task]) <= 6
    assert read("details/evaluate/retrieval")["models"].keys() == {"similarity", "trained"}
    assert {"r@1", "r@8", "m@1", "m@10"} <= read("details/baselines/retrieval")["models"]["untrained"].keys()
    balance = read("details/balance")
    assert balance["r"] == balance["contrastive"] / balance["metric"]
    report = project.read("report/report.md").decode()
    assert "not comparable" in report and "| Contr CF-G (this run) |" in report


def test_a_screen_shows_all_headline_numbers(project: Project) -> None:
    shown = json.loads(project.run("dvc", "metrics", "show", "--json"))
    numbers = [name for file in shown[""]["data"].values() for name in flat(file["data"])]
    assert 15 <= len(numbers) <= 45
    assert {"tags.roc_auc", "playlists.ndcg@100", "train.loss", "retrieval.similarity.m@10"} <= set(numbers)


def flat(values: dict, prefix: str = "") -> list[str]:
    """The keys of all numbers, joined by dots."""
    found = []
    for key, value in values.items():
        found += flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
    return found


def test_planted_faults_are_counted_rejects(project: Project) -> None:
    metrics = json.loads(project.read("metrics/pack/catalogue.json"))["pack"]["catalogue"]
    rejects = project.read("data/frames/catalogue/rejects.csv").decode().splitlines()[1:]
    assert metrics["rejected"] == len(rejects) >= 3  # a missing, an all-zero and a truncated mel


def test_a_run_that_is_killed_anywhere_ends_as_one_that_was_not(project: Project, tmp_path: Path) -> None:
    """With all that it started, again and again; nor does it matter what a stage leaves in memory for the next."""
    rng = np.random.default_rng(0)
    killed = clone(tmp_path, one_corpus_a_system())
    said = [run_and_kill(killed, rng.integers(1, STAGES + 1), rng.uniform(0, SECONDS)) for _ in range(KILLS)]
    said.append(killed.run("dvc", "repro", *ENDS))
    scripts = set(re.findall(r"^> python (stages/\w+\.py)", "".join(said), re.MULTILINE))
    listed = {str(script.relative_to(killed.folder)) for script in killed.folder.glob("stages/*.py")}
    assert scripts == listed - {f"stages/{name}.py" for name in ("evaluate", "report", "compare")}  # it compares none
    found, expected = results(killed), results(project)
    assert {"metrics/train.json", "metrics/details/finetune.json"} <= found.keys() <= expected.keys()
    assert "data/embeddings/catalogue/trained/tracks.npy" in found
    assert "data/embeddings/magnatagatune/similarity/windows.npy" in found
    assert [path for path, data in found.items() if expected[path] != data] == []
    assert "Data and pipelines are up to date." in killed.run("dvc", "repro", *ENDS)


def run_and_kill(project: Project, stages: int, seconds: float) -> str:
    """Run `dvc repro` and kill it with its stages so many seconds after its n-th began; returns what it said."""
    run = subprocess.Popen(
        ["dvc", "repro", *ENDS], cwd=project.folder, env={**project.env, "PYTHONUNBUFFERED": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    with run:
        assert run.stdout is not None
        said = ""
        for line in run.stdout:
            said += line
            stages -= line.startswith("Running stage")
            if stages == 0:
                time.sleep(seconds)
                os.killpg(run.pid, signal.SIGKILL)
                return said
    raise AssertionError(f"it ended before it was killed: {said}")


def test_the_report_is_the_same_in_a_process_of_its_own(project: Project) -> None:
    before = files_below(project.folder / "report")
    assert {"report.md", "index.html"} <= before.keys()
    project.run(sys.executable, "stages/report.py")
    assert files_below(project.folder / "report") == before


def results(project: Project) -> dict[str, bytes]:
    """What the stages made: every file, and what it holds."""
    found = {
        f"{name}/{path}": data
        for name in ("data", "metrics", "report")
        for path, data in files_below(project.folder / name).items()
    }
    return {path: data for path, data in found.items() if not path.startswith(UNLIKE) and ".gitignore" not in path}


def test_an_experiment_reruns_what_follows_and_comes_back_from_the_cache(project: Project) -> None:
    """An ablation of the first system and a variant of the second at once, for a task of each."""
    kept = ("data/models/trained/encoder.safetensors", "data/models/finetuned/encoder.safetensors",
            "metrics/train.json", "metrics/finetune.json", "metrics/details/evaluate/playlists.json")  # fmt: skip
    before = {name: project.read(name) for name in kept}
    tasks = ("evaluate@playlists", "evaluate@autotagging")
    changes = ("-S", "loss.lambda_a2p=0", "-S", "finetune.alpha=0.1", "-S", "finetune.label_fraction=0.1")
    ran = stages_run(project.run("dvc", "exp", "run", *changes, *tasks))
    second = {"finetune@magnatagatune", "export_similarity@magnatagatune"}
    assert ran == {"train@catalogue", "export@catalogue", *second, *tasks}
    assert all(project.read(name) != content for name, content in before.items())
    assert json.loads(project.read("metrics/details/finetune.json"))["labelled"] == 4
    diff = project.run("dvc", "metrics", "diff")
    assert "playlists.ndcg@100" in diff and len(diff.splitlines()) < 30
    back = ("-S", "loss.lambda_a2p=1.0", "-S", "finetune.alpha=1.0", "-S", "finetune.label_fraction=1.0")
    assert stages_run(project.run("dvc", "exp", "run", *back, *tasks)) <= {*tasks}
    assert all(project.read(name) == content for name, content in before.items())


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
    assert "loss.lambda_a2a, loss.lambda_a2t and loss.lambda_a2r are all 0" in said and "Traceback" not in said
    project.run("git", "checkout", "-q", "params.yaml")
    said = project.refuses({"train.batch_size": 5000}, "stages/train.py", "catalogue")
    assert "train.batch_size is 5000, but the training part has only" in said
    assert "expected a task of params.evaluation" in project.refuses({}, "stages/evaluate.py", "nosuch")
