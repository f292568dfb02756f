"""Run a function in a process of its own: what a kill at any moment would leave, and a kill within a write.

A process that SIGKILL ends leaves on the disk what lies there at that moment, so that one run, whose files are copied
at each moment that can matter, stands for as many kills. `tests/stages/test_pipeline.py` kills in earnest.
"""

import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")
PROCESSES = multiprocessing.get_context("forkserver")
# One server a test process forks all of them, with what it loaded when it started, whichever test came first.
# torch and DVCLive load the first three only when they are used.
LOADED = ["torch._dynamo", "dvc.repo", "dvc.scm", "unisono.embeddings.export", "unisono.embeddings.files",
          "unisono.frames.packing", "unisono.metric_learning.build"]  # fmt: skip


def left_by_kills(
    function: Callable[..., Any], folder: Path, states: Path, *arguments: Any, lines_of: Collection[str] = ()
) -> Iterator[Path]:
    """Call `function(folder, *arguments)` and yield folders in `states`: all different ones that a SIGKILL before any
    change of a file in `folder` would leave, the first as it was.

    Args:
        lines_of: functions of Unisono before whose every line one is thought to be killed as well.
    """
    code = _exit_code(_watched, function, folder, states, arguments, frozenset(lines_of))
    assert code == 0, "the function failed; see its traceback above"
    found = sorted(states.iterdir())
    assert len(found) > 1, "nothing was changed"
    yield from found


def killed_at_byte(function: Callable[..., Any], folder: Path, n_bytes: int, *arguments: Any) -> bool:
    """Call `function(folder, *arguments)` and kill it in the write that would make a file larger than this.

    Returns:
        whether there was one.
    """
    code = _exit_code(_child, function, folder, arguments, n_bytes)
    assert code in (0, -signal.SIGXFSZ), "the function failed; see its traceback above"
    return code != 0


def run_apart(function: Callable[..., Any], folder: Path, *arguments: Any) -> None:
    """Call `function(folder, *arguments)` in a process of its own."""
    code = _exit_code(_child, function, folder, arguments, None)
    assert code == 0, "the function failed; see its traceback above"


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what it holds."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _exit_code(target: Callable[..., None], *arguments: Any) -> int | None:
    PROCESSES.set_forkserver_preload(LOADED)  # here, as the page's code has a list of its own, and the last one counts
    process = PROCESSES.Process(target=target, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def _child(function: Callable[..., Any], folder: Path, arguments: tuple[Any, ...], n_bytes: int | None) -> None:
    os.chdir(folder)
    if n_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
    function(folder, *arguments)


def _watched(
    function: Callable[..., Any], folder: Path, states: Path, arguments: tuple[Any, ...], lines_of: frozenset[str]
) -> None:
    os.chdir(folder)
    states.mkdir()
    seen: list[dict[str, bytes]] = []

    def keep() -> None:
        now = files_below(folder)
        if now not in seen:
            seen.append(now)
            shutil.copytree(folder, states / f"{len(seen):04}", symlinks=True)

    def before(event: str, values: tuple[Any, ...]) -> None:
        if _changes(event, values, folder):
            keep()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_name not in lines_of or "unisono" not in frame.f_code.co_filename:
            return None
        if event == "line":
            keep()
        return trace

    sys.addaudithook(before)
    if lines_of:
        sys.settrace(trace)
    function(folder, *arguments)
    sys.settrace(None)


def _changes(event: str, values: tuple[Any, ...], folder: Path) -> bool:
    if event == "open":
        writes = isinstance(values[0], str) and bool(values[2] & (os.O_WRONLY | os.O_RDWR))
    else:
        writes = event in CHANGES and not (event == "os.mkdir" and Path(values[0]).exists())
    if not writes:
        return False
    path = Path(values[0]).absolute()
    # DVCLive writes a file a curve each epoch, and then metrics.json beside them, which counts.
    return path.is_relative_to(folder) and path.suffix != ".tsv"
