"""What must be settled before a process loads its libraries, which takes seconds, and whose end it shares."""

import ctypes
import os
import signal
import sys
from types import TracebackType

PARENT = os.getppid()  # which may be gone once all libraries are loaded
PR_SET_PDEATHSIG = 1  # of Linux's prctl.h
_report = sys.excepthook


def _report_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        _report(kind, error, trace)


def end_with_parent(parent: int) -> None:
    """Have this process ended by SIGTERM when process `parent`, which started it, ends, however that ends (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the line above
        os.kill(os.getpid(), signal.SIGTERM)


# How often a thread of GNU OpenMP looks for work before it sleeps; read when torch is loaded. By default 300,000 times,
# which slows a machine that has something else to do by more than its share; never to look (OMP_WAIT_POLICY=passive)
# slows one that has not. A setting of the user's own stays.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

if "DVC_STAGE" in os.environ:  # Ctrl-C while a stage still loads its libraries
    sys.excepthook = _report_in_one_line
