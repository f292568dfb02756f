"""Audio embeddings aligned with genres and playlists."""

import os
import sys
from types import TracebackType

PARENT = os.getppid()  # which may be gone once all libraries are loaded
_report = sys.excepthook


def _report_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        _report(kind, error, trace)


if "DVC_STAGE" in os.environ:  # Ctrl-C while a stage still loads its libraries
    sys.excepthook = _report_in_one_line
