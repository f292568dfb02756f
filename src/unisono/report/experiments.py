"""Runs of the pipeline as DVC experiments that leave the workspace as it is."""

import json
import subprocess
from collections.abc import Iterable
from typing import Any

from unisono.errors import UserError


def run_experiment(name: str, overrides: dict[str, str | float | int], tasks: Iterable[str]) -> dict[str, Any]:
    """Run the pipeline with `overrides` of params as the experiment `name`, and return the metrics of its `tasks`.

    It runs on the workspace's state in a folder of its own (`dvc exp run --temp`); stages that ran with the same
    inputs before come from DVC's cache. An earlier experiment of the name is replaced.

    Raises:
        UserError: git or dvc fail, or a task has no metrics.
    """
    head = _output("git", "rev-parse", "HEAD").strip()
    ref = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    # `dvc exp run --force` would replace it too, but would run every stage again.
    if _output("git", "for-each-ref", ref):
        _output("dvc", "exp", "remove", ref)
    settings = [argument for key, value in overrides.items() for argument in ("-S", f"{key}={value}")]
    _run("dvc", "exp", "run", "--temp", "--name", name, *settings)
    return evaluation_metrics(ref, tasks)


def evaluation_metrics(revision: str, tasks: Iterable[str]) -> dict[str, Any]:
    """Return the evaluation metrics ({task: {...}}) of the `tasks` at a git revision.

    Raises:
        UserError: the revision lacks a task's.
    """
    merged: dict[str, Any] = {}
    for task in tasks:
        merged |= json.loads(_output("git", "show", f"{revision}:metrics/evaluate/{task}.json"))
    return merged


def _output(*command: str) -> str:
    return _run(*command, capture=True)


def _run(*command: str, capture: bool = False) -> str:
    """Run a command; what it prints is returned, or else shown to the user."""
    done = subprocess.run(command, text=True, capture_output=capture, check=False)
    if done.returncode != 0:
        details = f":\n{done.stderr.strip()}" if capture else "; see its output above"
        raise UserError(f"`{' '.join(command)}` failed{details}")
    return done.stdout or ""
