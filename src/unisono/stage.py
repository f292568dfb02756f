"""What every stage script shares: typed params in, metrics out, an end in one line whatever ends it."""

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
from unisono.process import PARENT, end_with_parent

METRICS = Path("metrics")
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK = 1 << 20  # bytes
STOPPED = "\nstopped; run the same command again: it goes on from its last checkpoint, if it had come to one\n"


def run_stage(main: Callable[..., None]) -> None:
    """Run `main(params, *argv)` on the typed params.yaml of the working folder, with params.threads threads.

    A `UserError`, a full disk, Ctrl-C and SIGTERM end the process with one line on stderr; the exit status is 1, 130
    for Ctrl-C and 143 for SIGTERM. The end of the process that started the stage counts as SIGTERM.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    _end_on_signals()
    end_with_parent(PARENT)
    try:
        params: Params = load_params(Path("params.yaml"))
        use_threads(params.threads)
        main(params, *sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        if not _is_disk_full(error):
            raise
        reason = " ".join(str(error).split())[:150]
        print(f"error: the disk is full ({reason}); make room, and run the same command again", file=sys.stderr)
        raise SystemExit(1) from None


def _end_on_signals() -> None:
    """End at once on SIGINT and SIGTERM: a stage may be killed anywhere, while an exception may be lost on its way."""
    stage = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() == stage:  # workers are forked with this handler
            os.write(2, STOPPED.encode())
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    # What multiprocessing keeps tidy is tidied then, but not without a warning from a process that reads this.
    os.environ["PYTHONWARNINGS"] = ",".join(
        filter(None, [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning"])
    )


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


def write_metrics(name: str, headline: dict[str, Any], details: dict[str, Any]) -> None:
    """Write what a stage measured: a few numbers that people compare, and all the rest.

    Args:
        name: of the files, such as train or evaluate/gtzan.
        headline: at most six numbers, for metrics/NAME.json, which `dvc metrics show` and `diff` read.
        details: for metrics/details/NAME.json.
    """
    write_json(METRICS / "details" / f"{name}.json", details)
    write_json(METRICS / f"{name}.json", headline)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON, whole or not at all: sorted keys, plain numbers; NaN and infinity are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)
