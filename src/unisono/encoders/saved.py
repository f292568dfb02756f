"""Encoders on disk: weights as safetensors, and the config that rebuilds the encoder."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import nn

from unisono.artifacts.read import damaged, reading
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.inception import MelInception
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.sample_cnn import SampleCNN
from unisono.encoders.vectors import VectorMLP
from unisono.errors import UserError

WEIGHTS, CONFIG, PROJECTOR = "encoder.safetensors", "config.json", "projector.safetensors"
HUB_WEIGHTS = "model.safetensors"  # what the Hugging Face Hub calls the weights
KINDS: dict[str, type[AudioEncoder]] = {
    "mel_cnn": MelCNN,
    "vectors": VectorMLP,
    "sample_cnn": SampleCNN,
    "inception": MelInception,
}


def save_encoder(
    folder: Path, encoder: AudioEncoder, front_end: dict[str, Any], origin: dict[str, str] | None = None
) -> None:
    """Write the encoder into `folder`, with the settings of the front end that its input must come from.

    Args:
        origin: where the weights come from, if they were not trained here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(encoder, folder / WEIGHTS)
    config = config_of(encoder, front_end) | ({"origin": origin} if origin else {})
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def config_of(encoder: AudioEncoder, front_end: dict[str, Any]) -> dict[str, Any]:
    """What rebuilds the encoder and its input."""
    kind = next(name for name, of_kind in KINDS.items() if type(encoder) is of_kind)
    return {"kind": kind, "encoder": encoder.config, "front_end": front_end}


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's weights, whole or not at all; who may read them is up to the umask.

    safetensors' own writer lets nobody but the user read its files.
    """
    part = path.with_suffix(".part")
    part.write_bytes(save({name: value.contiguous().cpu() for name, value in module.state_dict().items()}))
    part.replace(path)


def save_projector(folder: Path, projector: nn.Module | None) -> None:
    """Write the projector of a self-supervised loss beside its encoder, for a training that goes on with both."""
    if projector is not None:
        save_weights(projector, folder / PROJECTOR)


def load_pretrained(folder: Path, encoder: AudioEncoder, projector: nn.Module | None) -> None:
    """Give `encoder`, and `projector` where there is one, the weights that `folder` holds.

    Raises:
        UserError: as `load_encoder`, or the weights are those of another encoder.
    """
    found, _ = load_encoder(folder)
    if type(found) is not type(encoder) or found.config != encoder.config:
        raise UserError(f"{folder}: holds another encoder than params.similarity describes; run `dvc repro pretrain`")
    encoder.load_state_dict(found.state_dict())
    if projector is not None:
        with reading(folder / PROJECTOR):
            projector.load_state_dict(load_file(folder / PROJECTOR))


def digest(encoder: AudioEncoder) -> str:
    """A name for an encoder's weights: SHA-256 in hexadecimal digits."""
    weights = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        weights.update(name.encode() + tensor.cpu().numpy().tobytes())
    return weights.hexdigest()


def load_encoder(folder: Path) -> tuple[AudioEncoder, dict[str, Any]]:
    """Return the encoder in evaluation mode, and the front end's settings of its input.

    The weights may have the name that the Hugging Face Hub gives them.

    Raises:
        UserError: the folder lacks a file, one is damaged, or config and weights do not fit each other.
    """
    name = HUB_WEIGHTS if (folder / HUB_WEIGHTS).exists() and not (folder / WEIGHTS).exists() else WEIGHTS
    missing = [needed for needed in (name, CONFIG) if not (folder / needed).exists()]
    if missing:
        there = ", ".join(sorted(p.name for p in folder.glob("*"))) or "nothing"
        raise UserError(f"{folder}: no {' and no '.join(missing)} (there is {there}); train one with `dvc repro train`")
    with reading(folder / CONFIG):
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        encoder, front_end = KINDS[config["kind"]](**config["encoder"]), config["front_end"]
    with reading(folder / name):
        weights = load_file(folder / name)
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:
        raise damaged(folder / name, f"{CONFIG} and {name} do not fit each other: {error}") from None
    return encoder.eval(), front_end
