"""Encoders on disk: weights as safetensors, and the config that rebuilds the encoder."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from unisono.encoders.mel_cnn import MelCNN
from unisono.errors import UserError

WEIGHTS, CONFIG = "encoder.safetensors", "config.json"


def save_encoder(folder: Path, encoder: MelCNN, front_end: dict[str, Any]) -> None:
    """Write the encoder into `folder`, with the mel settings that its input must have."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous().cpu() for name, value in encoder.state_dict().items()}, folder / WEIGHTS)
    config = {"encoder": encoder.config, "mel": front_end}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_encoder(folder: Path) -> tuple[MelCNN, dict[str, Any]]:
    """Return the encoder in evaluation mode, and the mel settings of its input.

    Raises:
        UserError: the folder lacks a file, or config and weights do not fit each other.
    """
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).exists()]
    if missing:
        there = ", ".join(sorted(p.name for p in folder.glob("*"))) or "nothing"
        raise UserError(f"{folder}: no {' and no '.join(missing)} (there is {there}); train one with `dvc repro train`")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        encoder: nn.Module = MelCNN(**config["encoder"])
        encoder.load_state_dict(load_file(folder / WEIGHTS))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{folder}: {CONFIG} and {WEIGHTS} do not fit each other: {error}") from None
    assert isinstance(encoder, MelCNN)
    return encoder.eval(), config["mel"]
