"""Checkpoints: written atomically, read without pickle's code, kept outside DVC and keyed by what they depend on."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

CHECKPOINTS = Path(".checkpoints")
PACKAGE = Path(__file__).parents[1]


def checkpoint_path(stage: str, params: Any, files: list[Path]) -> Path:
    """Where the run of `stage` with these params (JSON-able) and input files keeps its checkpoint.

    A change to any of them, or to the library's code, gives another path, so a run never continues from another
    run's state.
    """
    digest = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode())
    for file in [*sorted(files), *sorted(PACKAGE.rglob("*.py"))]:
        digest.update(str(file.name).encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return CHECKPOINTS / stage / f"{digest.hexdigest()[:16]}.pt"


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` so that a kill at any moment leaves the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """The state at `path`, or None when there is none."""
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None
