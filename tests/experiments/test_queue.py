"""DVC's queue in a real repository: what runs, what does not run again, and what is said."""

import subprocess
from pathlib import Path

import pytest
from repositories import experiments, start_repository

from unisono.errors import UserError
from unisono.experiments import queue
from unisono.experiments.queue import run_queued
from unisono.experiments.runner import details_at

WORK = """
import json, pathlib, sys, yaml
params = yaml.safe_load(open("params.yaml"))
with open(params["log"], "a") as log:
    print(params["train"]["seed"], params["loss"]["lambda_a2g"], file=log)
if params["train"]["seed"] == 13:
    sys.exit("error: an unlucky seed")
pathlib.Path("metrics/details/evaluate").mkdir(parents=True, exist_ok=True)
json.dump(params["train"], open("metrics/details/evaluate/tags.json", "w"))
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the only stage of a repository notes each time that it runs."""
    monkeypatch.setattr(queue, "POLL", 4.0)  # each asks dvc, which takes a second of a core
    project, log = tmp_path / "project", tmp_path / "log"
    (project / "stages").mkdir(parents=True)
    (project / "stages/work.py").write_text(WORK)
    (project / "params.yaml").write_text(
        f"log: {log}\nmachine:\n  workers: 2\ntrain:\n  seed: 0\nloss:\n  lambda_a2g: 1.0\n"
    )
    stage = {
        "cmd": "python stages/work.py",
        "deps": ["stages/work.py"],
        "params": ["train", "loss"],
        "outs": [{"metrics/details/evaluate/tags.json": {"cache": False}}],
    }
    start_repository(project, monkeypatch, {"evaluate": stage})
    return log


def test_what_is_finished_does_not_run_again(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wanted = {"worth-genre-1": {"train.seed": 1, "loss.lambda_a2g": 0.5}}
    found = run_queued(wanted, ["evaluate"])
    assert details_at(found["worth-genre-1"], "evaluate", ["tags"]) == {"tags": {"seed": 1}}
    assert log.read_text() == "1 0.5\n" and experiments() == found
    said = capfd.readouterr().err
    assert "0 of 1 experiments are there" in said and "worth-genre-1 is finished; 0 to go" in said

    params = Path("params.yaml")
    params.write_text(params.read_text().replace("workers: 2", "workers: 4"))  # changes no result
    assert run_queued(wanted, ["evaluate"]) == found and capfd.readouterr().err == ""

    params.write_text(params.read_text() + "  temperature: 0.2\n")
    assert run_queued(wanted, ["evaluate"]) != found, "it is another model now"
    assert log.read_text() == "1 0.5\n1 0.5\n"


def test_it_goes_on_after_an_interruption_and_after_a_failure(log: Path) -> None:
    """One waits with today's params, one with others; another fails, and is tried again with other code."""
    for name, seed in (("same", 1), ("other", 2)):
        subprocess.run(["dvc", "exp", "run", "--queue", "--name", name, "-S", f"train.seed={seed}"], check=True)
    wanted = {name: {"train.seed": seed} for name, seed in (("same", 1), ("unlucky", 13), ("other", 3))}
    with pytest.raises(UserError, match=r"the experiment unlucky failed; see .*: dvc queue logs unlucky; mend it"):
        run_queued(wanted, ["evaluate"])
    assert sorted(log.read_text().split("\n")) == ["", "1 1.0", "13 1.0", "3 1.0"]
    assert set(experiments()) == {"same", "other"}
    said = subprocess.run(["dvc", "queue", "logs", "unlucky"], capture_output=True, text=True, check=True).stdout
    assert "error: an unlucky seed" in said

    Path("stages/work.py").write_text(WORK.replace("== 13", "== 14"))
    found = run_queued({"unlucky": {"train.seed": 13}}, ["evaluate"])
    assert log.read_text().count("13 1.0") == 2 and experiments().items() >= found.items()
