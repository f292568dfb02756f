"""`dvc repro` of the whole first system, killed again and again with all that it started, ends as one that was not."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from killing import files_below
from project import Project, clone, tiny
from running import run_pipeline

KILLS = 4
STAGES, SECONDS = 3, 2.5  # a run is killed in one of its first stages, so long after it began at most
UNLIKE = ("data/raw", "data/inventory")  # times of files are in them


def first_system_alone() -> dict[str, Any]:
    """The tiny sample's catalogue, and what can be measured on it."""
    params = tiny()
    params["sample"]["corpora"] = ["melon"]
    params["corpora"] = {"catalogue": params["corpora"]["catalogue"]}
    params["systems"] = {"alignment": ["catalogue"], "metric_learning": [], "embed": ["catalogue"]}
    tasks = params["evaluation"]
    params["evaluation"] = {name: task for name, task in tasks.items() if task["corpus"] == "catalogue"}
    return params


def killed(project: Project, stages: int, seconds: float) -> bool:
    """Run `dvc repro` and kill it with its stages so many seconds after its n-th began; False if it ended before."""
    run = subprocess.Popen(
        ["dvc", "repro"], cwd=project.folder, env={**project.env, "PYTHONUNBUFFERED": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    with run:
        assert run.stdout is not None
        said = []
        for line in run.stdout:
            said.append(line)
            stages -= line.startswith("Running stage")
            if stages == 0:
                time.sleep(seconds)
                os.killpg(run.pid, signal.SIGKILL)
                return True
    assert run.returncode == 0, "".join(said)
    return False


def test_a_repro_that_is_killed_anywhere_ends_as_one_that_was_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "killed").mkdir()
    project = clone(tmp_path / "killed", first_system_alone())
    kills = sum(killed(project, rng.integers(1, STAGES + 1), rng.uniform(0, SECONDS)) for _ in range(KILLS))
    assert kills >= KILLS / 2
    project.run("dvc", "repro")
    assert "Data and pipelines are up to date." in project.run("dvc", "repro")
    (tmp_path / "whole").mkdir()
    whole = clone(tmp_path / "whole", first_system_alone())
    run_pipeline(whole.folder)
    found, expected = results(project), results(whole)
    assert found.keys() == expected.keys()
    assert [path for path, data in expected.items() if found[path] != data] == []


def results(project: Project) -> dict[str, bytes]:
    """What the stages made: every file, and what it holds."""
    found = {
        f"{name}/{path}": data
        for name in ("data", "metrics", "report")
        for path, data in files_below(project.folder / name).items()
    }
    return {path: data for path, data in found.items() if not path.startswith(UNLIKE) and ".gitignore" not in path}
