"""A clone of the repository in which tests run commands as a user does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from changed import set_keys

REPO = Path(__file__).parents[2]
TINY = {
    "sample": {
        "songs": 260, "playlists": 120, "gtzan_tracks": 100, "jamendo_tracks": 80, "magnatagatune_clips": 80,
        "seconds": 5,
    },
    "cf": {"dim": 8, "epochs": 3},
    "genres": {"dim": 8, "epochs": 2},
    "words": {"dim": 8, "epochs": 2},
    "artists": {"dim": 8, "epochs": 2},
    "encoder": {"channels": [4, 4, 4, 4, 8, 8, 8], "hidden": 16, "embedding_dim": 8},
    "train": {"epochs": 2, "batch_size": 32},
    "waves": {"sample_rate": 7350},
    "pretrain": {"epochs": 2, "batch_size": 16},
    "finetune": {"epochs": 2, "batch_size": 16, "r": "auto"},
}  # fmt: skip


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

    def refuses(self, changes: dict[str, Any], script: str, *arguments: str) -> str:
        """What a stage that must fail says with some params changed; the params are put back."""
        file = self.folder / "params.yaml"
        before = file.read_text()
        file.write_text(yaml.safe_dump(set_keys(yaml.safe_load(before), changes)))
        said = self.run(sys.executable, script, *arguments, fails=True)
        file.write_text(before)
        assert "Traceback" not in said, said
        return said

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def clone(folder: Path, params: dict[str, Any]) -> Project:
    """The repository as a user finds it, without results, and with these params."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPO, text=True, capture_output=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    results = ("dvc.lock", "metrics/", "report/")  # committed, of the sample in its full size
    for name in listed:
        if (REPO / name).is_file() and not name.startswith(results):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, folder / name)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    project = Project(folder)
    project.run("git", "init", "-q")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "a user's clone")
    return project


def tiny() -> dict[str, Any]:
    """The repository's params, for a tiny sample and tiny models."""
    params: dict[str, Any] = yaml.safe_load((REPO / "params.yaml").read_text())
    for section, values in TINY.items():
        params[section] |= values
    params["threads"] = 1  # the processes that run the tests share the cores
    params["machine"]["workers"] = 1  # each would load its libraries for a few tracks
    params["similarity"]["encoder"] = {"kind": "sample_cnn", "channels": [4] * 7, "embedding_dim": 8}
    for task in params["evaluation"].values():
        if "repeats" in task:
            task["repeats"] = 2
        if "probe" in task:
            task["probe"] |= {"epochs": 3}
    return params
