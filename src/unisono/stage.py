"""What every stage script shares: typed params in, metrics JSON out, an end in one line whatever ends it."""

import ctypes
import errno
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from threadpoolctl import threadpool_limits

from unisono.errors import UserError
from unisono.params import Params, load_params

PR_SET_PDEATHSIG = 1  # of Linux's prctl.h
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK = 1 << 20  # bytes


class Stopped(SystemExit):
    """A signal asked the stage to end; its code is what a shell expects, 128 and the signal's number."""


def run_stage(main: Callable[..., None]) -> None:
    """Run `main(params, *argv)` on the typed params.yaml of the working folder, with params.threads threads.

    A `UserError`, a full disk, Ctrl-C and SIGTERM end the process with one line on stderr; the exit status is 1, 130
    for Ctrl-C and 143 for SIGTERM. So does the end of the process that started the stage.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        end_with_parent()
        params: Params = load_params(Path("params.yaml"))
        use_threads(params.threads)
        main(params, *sys.argv[1:])
    except UserError as error:
        _end(1, f"error: {error}")
    except (Stopped, KeyboardInterrupt) as stop:
        code = stop.code if isinstance(stop, Stopped) else 130
        _end(int(code or 0), "stopped; run the same command again, and it goes on from its last checkpoint")
    except Exception as error:
        if not _is_disk_full(error):
            raise
        _end(1, f"error: the disk is full ({' '.join(str(error).split())}); make room, and run the same command again")


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(128 + number)


def _end(status: int, line: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # what is left to do is short, and a second line says nothing new
    print(line, file=sys.stderr)
    raise SystemExit(status) from None


def end_with_parent() -> None:
    """Have this process ended by SIGTERM when the process that started it ends, however that ends (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if "DVC_STAGE" in os.environ and os.getppid() == 1:  # dvc ended before the line above
        raise Stopped(128 + signal.SIGTERM)


def use_threads(n: int) -> None:
    """Compute with `n` threads, whatever the environment says: sums depend on how many threads share them.

    Libraries that are loaded already are told; those that are loaded later read the environment.
    """
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(n)))
    threadpool_limits(n)
    if "torch" in sys.modules:  # its own copy of MKL is none of threadpoolctl's
        sys.modules["torch"].set_num_threads(n)


def _is_disk_full(error: BaseException) -> bool:
    """Libraries say it in many ways, and some not at all: then what is left on the disk tells."""
    if getattr(error, "errno", None) in NO_SPACE or "No space left" in str(error):
        return True
    return shutil.disk_usage(Path.cwd()).free < FULL_DISK


def write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write a metrics JSON, whole or not at all: nested, sorted keys, plain numbers; NaN and infinity are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)
