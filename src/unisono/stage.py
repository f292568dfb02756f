"""What every stage script shares: typed params in, metrics JSON out, errors without tracebacks."""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unisono.errors import UserError
from unisono.params import Params, load_params


def run_stage(main: Callable[..., None]) -> None:
    """Run `main(params, *argv)` on the typed params.yaml of the working folder.

    A `UserError` ends the process with its message on stderr and exit status 1.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        params: Params = load_params(Path("params.yaml"))
        main(params, *sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write a metrics JSON: nested, sorted keys, plain numbers; NaN and infinity are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
