"""Run a function in a process of its own that is killed before its n-th change of a file."""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate")
# One server a test process forks all of them, with what it loaded when it started, whichever test came first.
# torch and DVCLive load the first three only when they are used.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["torch._dynamo", "dvc.repo", "dvc.scm", "unisono.embeddings.export", "unisono.embeddings.files",
     "unisono.frames.packing", "unisono.metric_learning.build"]
)  # fmt: skip


def killed_at_every_change(
    function: Callable[..., Any], folders: Callable[[int], Path], *arguments: Any
) -> Iterator[Path]:
    """Call `function(folder, *arguments)` in the folders 0, 1, 2, ... and kill it (SIGKILL) before its first, second,
    third, ... change of a file in that folder. Yields each folder after a kill; ends when a call was not killed.
    """
    n = 0
    while _exit_code(function, folders(n), arguments, n) == -signal.SIGKILL:
        yield folders(n)
        n += 1
    assert n > 0, "nothing was changed"


def killed_at_byte(function: Callable[..., Any], folder: Path, n_bytes: int, *arguments: Any) -> bool:
    """Call `function(folder, *arguments)` and kill it in the write that would make a file larger than this.

    Returns:
        whether there was one.
    """
    code = _exit_code(function, folder, arguments, None, n_bytes)
    assert code in (0, -signal.SIGXFSZ)
    return code != 0


def run_apart(function: Callable[..., Any], folder: Path, *arguments: Any) -> None:
    """Call `function(folder, *arguments)` in a process of its own."""
    assert _exit_code(function, folder, arguments) == 0


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and what it holds."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _exit_code(
    function: Callable[..., Any], folder: Path, arguments: tuple[Any, ...], at: int | None = None,
    n_bytes: int | None = None,
) -> int:  # fmt: skip
    process = PROCESSES.Process(target=_child, args=(function, folder, arguments, at, n_bytes))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGXFSZ), "the function failed; see its traceback above"
    return process.exitcode


def _child(
    function: Callable[..., Any], folder: Path, arguments: tuple[Any, ...], at: int | None, n_bytes: int | None
) -> None:
    os.chdir(folder)
    left = [at]

    def count(event: str, values: tuple[Any, ...]) -> None:
        if left[0] is None or not _changes(event, values, folder):
            return
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    sys.addaudithook(count)
    if n_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
    function(folder, *arguments)


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
