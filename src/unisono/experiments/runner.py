"""Runs of the pipeline as DVC experiments that leave the workspace as it is."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dvc.api import DVCFileSystem

from unisono.errors import UserError

Overrides = dict[str, str | float | int | bool]


def run_experiment(name: str, overrides: Overrides, targets: Iterable[str] = ()) -> str:
    """Run the pipeline with `overrides` of params as the experiment `name`, and return its git revision.

    It runs on the workspace's state in a folder of its own (`dvc exp run --temp`); stages that ran with the same
    inputs before come from DVC's cache. An earlier experiment of the name is replaced.

    Args:
        overrides: params by key; a bool is written as YAML has it.
        targets: the stages to run, with what they need; all of the pipeline by default.

    Raises:
        UserError: git or dvc fail.
    """
    ref = experiment_ref(name)
    forget_experiment(ref)
    run_command("dvc", "exp", "run", "--temp", "--name", name, *as_settings(overrides), *targets)
    return output_of("git", "rev-parse", ref).strip()


def as_settings(overrides: Overrides) -> list[str]:
    """Overrides as arguments of `dvc exp run`."""
    return [argument for key, value in overrides.items() for argument in ("-S", f"{key}={json.dumps(value)}")]


def experiment_ref(name: str) -> str:
    """The git reference of an experiment on the current commit."""
    head = output_of("git", "rev-parse", "HEAD").strip()
    return f"refs/exps/{head[:2]}/{head[2:]}/{name}"


def forget_experiment(ref: str) -> None:
    """Remove a finished experiment, if there is one, so that another may have its name."""
    # `dvc exp run --force` would replace it too, but would run every stage again.
    if output_of("git", "for-each-ref", ref):
        output_of("dvc", "exp", "remove", ref)


def refuse_before_repro() -> None:
    """Check that DVC's cache holds all that dvc.lock names, as it does after `make repro`, but not in a fresh clone.

    An experiment that runs a part of the pipeline ends in an error without it, and only after all that it has run: DVC
    then looks into every folder that dvc.yaml plots something of.

    Raises:
        UserError: something is not in the cache.
    """
    missing = json.loads(output_of("dvc", "data", "status", "--json")).get("not_in_cache", [])
    if missing:
        raise UserError(
            f"DVC's cache lacks {len(missing)} of the outputs that dvc.lock names, such as {missing[0]}; run `make"
            " repro` first: experiments that run a part of the pipeline start from its results"
        )


def fetch_output(revision: str, output: Path, destination: Path) -> None:
    """Copy a stage's output folder at a git revision from DVC's cache into the folder `destination`."""
    DVCFileSystem(rev=revision).get(output.as_posix(), str(destination), recursive=True)


def details_at(revision: str, stage: str, tasks: Iterable[str]) -> dict[str, Any]:
    """Return the details ({task: {...}}) that a stage, `evaluate` or `baselines`, wrote at a git revision.

    Raises:
        UserError: the revision lacks a task's.
    """
    return {
        task: json.loads(output_of("git", "show", f"{revision}:metrics/details/{stage}/{task}.json")) for task in tasks
    }


def output_of(*command: str) -> str:
    """What a command prints."""
    return run_command(*command, capture=True)


def run_command(*command: str, capture: bool = False) -> str:
    """Run a command; what it prints is returned, or else shown to the user."""
    done = subprocess.run(command, text=True, capture_output=capture, check=False)
    if done.returncode != 0:
        details = f":\n{done.stderr.strip()}" if capture else "; see its output above"
        raise UserError(f"`{' '.join(command)}` failed{details}")
    return done.stdout or ""


def parse_seeds(arguments: tuple[str, ...]) -> list[int]:
    """The training seeds on a command line.

    Raises:
        UserError: they are not different whole numbers.
    """
    found = f"the seeds are '{' '.join(arguments)}'; expected different whole numbers, e.g. 0 1 2"
    try:
        seeds = [int(argument) for argument in arguments]
    except ValueError:
        raise UserError(found) from None
    if not seeds or len(set(seeds)) < len(seeds):
        raise UserError(found)
    return seeds
