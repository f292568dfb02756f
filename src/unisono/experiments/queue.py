"""Runs of the pipeline by DVC's queue: one after the other, in the background, and never one twice."""

import re
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from unisono.errors import UserError
from unisono.experiments.runner import Overrides, as_settings, experiment_ref, forget_experiment, output_of, run_command

PARAMS, LOCK = Path("params.yaml"), Path("dvc.lock")
CODE = ("src", "stages", "dvc.yaml")
POLL = 10.0  # seconds
SURE = 3  # polls in a row that find a task lost: on its way to a worker it is in no list
PATIENCE = 60.0  # seconds without a sign of a worker: it takes its time to start, and a busy machine to answer
ROW = re.compile(r"^([0-9a-f]{7,40})\s+(\S+)\s.*\s(Queued|Running|Failed|Success)\s*$", re.MULTILINE)
NO_WORKER = "Worker status: 0 active, 0 idle"
TO_COME = ("Queued", "Running")


class Task(NamedTuple):
    """An experiment in DVC's queue: the revision of its inputs, and Queued, Running, Failed or Success."""

    revision: str
    state: str


NO_TASK = Task("", "")


def run_queued(experiments: Mapping[str, Overrides], targets: Collection[str]) -> dict[str, str]:
    """Run parts of the pipeline as experiments by DVC's queue, one at a time, and return their git revisions by name.

    What is finished on this commit, with the same params, code and raw data, is not run again; what waits or runs in
    the queue, as it does when this process has been ended, is not queued again. An experiment of the name with others
    is replaced, as is one that failed.

    Args:
        experiments: overrides of params, by the experiment's name.
        targets: the stages to run, with what they need.

    Raises:
        UserError: an experiment fails, or the queue is stopped; or git or dvc fail.
    """
    refs = {name: experiment_ref(name) for name in experiments}
    left = [name for name, overrides in experiments.items() if not _is_same(_revision(refs[name]), overrides)]
    if left:
        tasks = _living(left)
        for name in left:
            _put(name, refs[name], tasks.get(name, NO_TASK), experiments[name], targets)
        _say(
            f"{len(experiments) - len(left)} of {len(experiments)} experiments are there; DVC's queue runs the others,"
            " in the background too: `dvc queue status` shows it, `dvc queue stop --kill` ends it"
        )
        run_command("dvc", "queue", "start", "--jobs", "1")  # captured, it would seem to run as long as its worker
        _wait({name: refs[name] for name in left})
    return {name: _revision(ref) for name, ref in refs.items()}


def _put(name: str, ref: str, task: Task, overrides: Overrides, targets: Iterable[str]) -> None:
    """Put an experiment into the queue, unless it is there."""
    if task.state in TO_COME and _is_same(task.revision, overrides):
        return
    if task.state == "Running":
        raise UserError(
            f"the experiment {name} runs in DVC's queue with other params, code or data than those that are here now;"
            f" wait for it, or end it: dvc queue kill {name}"
        )
    if task.state in ("Queued", "Failed"):
        output_of("dvc", "queue", "remove", name)
    forget_experiment(ref)
    output_of("dvc", "exp", "run", "--queue", "--name", name, *as_settings(overrides), *targets)


def _wait(refs: Mapping[str, str]) -> None:
    """Wait until there is a reference of each experiment, and say how far they are."""
    left, failed, lost = list(refs), list[str](), dict[str, int]()
    running, seen = "", time.monotonic()
    while left:
        time.sleep(POLL)
        tasks, has_worker = _queue()
        seen = time.monotonic() if has_worker else seen
        for name in [name for name in left if _revision(refs[name])]:
            left.remove(name)
            _say(f"{name} is finished; {len(left)} to go")
        state = {name: tasks.get(name, NO_TASK).state for name in left}
        lost = {name: lost.get(name, 0) + 1 for name in left if state[name] not in TO_COME}
        for name in [name for name, polls in lost.items() if polls >= SURE]:
            left.remove(name)
            failed.append(name)
            _say(f"{name} has failed; {len(left)} to go")
        for name in left:
            if state[name] == "Running" and name != running:
                running = name
                _say(f"{name} is running")
        if left and time.monotonic() - seen > PATIENCE:
            raise UserError(
                f"DVC's queue has stopped, and {left[0]} is still to come; run the same command again: it goes on"
            )
    if failed:
        raise UserError(
            f"the experiment{'s' * (len(failed) > 1)} {', '.join(failed)} failed; see what was printed: dvc queue logs"
            f" {failed[0]}; mend it, and run the same command again: what is finished is kept"
        )


def _queue() -> tuple[dict[str, Task], bool]:
    """The tasks in DVC's queue by the experiment's name, and whether it has a worker."""
    status = output_of("dvc", "queue", "status")
    tasks: dict[str, Task] = {}
    for revision, name, state in ROW.findall(status):
        tasks.setdefault(name, Task(revision, state))  # those to come are listed first
    return tasks, NO_WORKER not in status


def _living(names: Collection[str]) -> dict[str, Task]:
    """The tasks in the queue without those of the experiments that a machine's end has left Running for good."""
    tasks, has_worker = _queue()
    dead = [name for name in names if not has_worker and tasks.get(name, NO_TASK).state == "Running"]
    for name in dead:
        output_of("dvc", "queue", "kill", name)
        output_of("dvc", "queue", "remove", name)
    return {name: task for name, task in tasks.items() if name not in dead}


def _revision(ref: str) -> str:
    """The commit of a git reference; "" if there is none."""
    return output_of("git", "for-each-ref", "--format=%(objectname)", ref).strip()


def _is_same(revision: str, overrides: Overrides) -> bool:
    """Whether an experiment, finished or queued, is what the overrides of today's params, code and data would make."""
    head, parent = "HEAD", f"{revision}^1"
    if not revision or output_of("git", "rev-parse", head) != output_of("git", "rev-parse", parent):
        return False
    here = _inputs(PARAMS.read_text(encoding="utf-8"), LOCK.read_text(encoding="utf-8") if LOCK.exists() else "")
    for key, value in overrides.items():
        *sections, last = key.removeprefix("++").split(".")
        section = here["params"]
        for name in sections:
            section = section.setdefault(name, {})
        section[last] = value
    there = _inputs(*(_file_at(revision, file) for file in (PARAMS, LOCK)))
    return here == there and not output_of("git", "diff", "--name-only", revision, "--", *CODE)


def _inputs(params: str, lock: str) -> dict[str, Any]:
    """What an experiment is made of beside code: params, without the machine's, and what the raw data are."""
    stages = (yaml.safe_load(lock) or {}).get("stages", {})
    raw = {name: stage.get("outs") for name, stage in stages.items() if name.startswith("inventory@")}
    settings = yaml.safe_load(params) or {}
    settings.pop("machine", None)
    return {"params": settings, "raw": raw}


def _file_at(revision: str, file: Path) -> str:
    try:
        return output_of("git", "show", f"{revision}:{file}")
    except UserError:  # there is none
        return ""


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
