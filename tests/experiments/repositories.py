"""Repositories with a DVC project of a stage or two, in which experiments run for real."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def start_repository(folder: Path, monkeypatch: pytest.MonkeyPatch, stages: dict[str, Any]) -> None:
    """Commit what lies in the folder with a pipeline of these stages, and go there."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.org")
    Path("dvc.yaml").write_text(json.dumps({"stages": stages}))
    commands = ("git init -q", "dvc init -q", "dvc config core.analytics false", "git add -A", "git commit -qm start")
    for command in commands:
        subprocess.run(command.split(), check=True)


def experiments() -> dict[str, str]:
    """The revisions of the finished experiments, by name."""
    command = ("git", "for-each-ref", "--format=%(refname) %(objectname)", "refs/exps")
    refs = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    named = (ref.rsplit("/", 1)[1].split() for ref in refs if not ref.startswith("refs/exps/celery"))
    return {name: revision for name, revision in named}
