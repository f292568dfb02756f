"""Checkpoints: written atomically, read without pickle's code, kept outside DVC and keyed by what they depend on."""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

import torch

from unisono.training.devices import computes_bf16
from unisono.training.imports import modules_used_by

CHECKPOINTS = Path(".checkpoints")
logger = logging.getLogger(__name__)


def fingerprint(settings: Any, files: list[Path], code: Path) -> str:
    """A name for work with these settings (JSON-able) and input files, done by the file `code`.

    A change to any of them, to a module of the library that `code` uses, to the number of threads or to what the
    processor computes in, on which `precision: auto` depends, gives another name, so that a run never continues from
    another run's state; a change of other code loses it nothing.
    """
    depends_on = [settings, torch.get_num_threads(), computes_bf16()]
    digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True, default=str).encode())
    for file in [*sorted(files), code, *modules_used_by(code)]:
        digest.update(str(file.name).encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def checkpoint_path(stage: str, params: Any, files: list[Path], code: Path) -> Path:
    """Where the run of `stage` with these params and input files keeps its checkpoint; see `fingerprint`."""
    return CHECKPOINTS / stage / f"{fingerprint(params, files, code)}.pt"


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that a kill or a power cut at any moment leaves the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """The state at `path`, or None when there is none.

    A file that cannot be read is set aside with a warning, and is none either: training from the start gives the same
    results, and nobody has to know where a checkpoint lies.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch has no one error for damage
        aside = path.replace(path.with_suffix(".damaged"))
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        logger.warning("%s: a damaged checkpoint (%s); it is now %s, and training starts anew", path, reason, aside)
        return None
    return state
