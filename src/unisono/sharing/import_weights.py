"""The published weights of Ferraro et al. 2021 as an encoder of ours."""

import hashlib
import re
import warnings
from pathlib import Path

import torch
from torch import Tensor

from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError
from unisono.params import Mel
from unisono.sharing.fresh import refuse_existing

# What the published code builds (andrebola/contrastive-mir-learning, models.py), for Melon's mels.
FRONT_END = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
CHANNELS = [128, 128, 256, 256, 256, 256, 512]
SOURCE = "a checkpoint as andrebola/contrastive-mir-learning has, the published code of Ferraro et al. 2021"
MOST_SHOWN = 4  # keys of an error


def import_weights(checkpoint: Path, folder: Path, layout: str) -> None:
    """Write the published audio encoder in `checkpoint` as an encoder folder, which all stages take like a trained one.

    Args:
        checkpoint: a state dict of 65 tensors, audio_encoder.* and fc_audio.*.
        layout: the input that the encoder is to see: bands-first, as the published encoding script feeds it | view,
            as the published training loop does; see `MelCNN`.

    Raises:
        UserError: there is something at `folder` already; or the file is missing, holds more than tensors, or has not
            these keys and shapes.
    """
    refuse_existing(folder)
    published = _read(checkpoint)
    encoder = MelCNN(FRONT_END.n_mels, 256, CHANNELS, hidden=512, embedding_dim=128, dropout=0.5, input_layout=layout)
    names = {name: published_name(name) for name in encoder.state_dict()}
    _refuse_others(checkpoint, published, {names[name]: value for name, value in encoder.state_dict().items()})
    encoder.load_state_dict({name: published[names[name]] for name in names})
    origin = {
        "source": SOURCE,
        "file": checkpoint.name,
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
    }
    save_encoder(folder, encoder.eval(), FRONT_END.model_dump(), origin)


def published_name(name: str) -> str:
    """The published name of a tensor of ours: blocks.0.1.weight is audio_encoder.1.bn.weight."""
    if block := re.fullmatch(r"blocks\.(\d)\.([01])\.(.*)", name):
        return f"audio_encoder.{int(block[1]) + 1}.{('conv', 'bn')[int(block[2])]}.{block[3]}"
    part, rest = name.split(".", 1)
    return {"normalize": "audio_encoder.0.", "head": "fc_audio."}[part] + rest


def _read(checkpoint: Path) -> dict[str, Tensor]:
    if not checkpoint.is_file():
        raise UserError(f"{checkpoint}: no such file; expected the path of a published audio_encoder.pt")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other pickles than torch's, which are refused
            # Nothing but tensors: a pickle can hold any code, and this file is somebody else's.
            found = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # each way not to be a checkpoint has an exception of its own
        reason = str(error).split(". ")[0].split("\n")[0][:200]
        raise UserError(
            f"{checkpoint}: cannot be read as tensors, and nothing else is ({type(error).__name__}: {reason});"
            " expected the state dict of a published audio_encoder.pt"
        ) from None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise UserError(f"{checkpoint}: holds no state dict; expected that of a published audio_encoder.pt")
    return found


def _refuse_others(checkpoint: Path, found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    wrong = [
        f"{name} is {shapes[name]}, expected {tuple(value.shape)}"
        for name, value in expected.items()
        if name in shapes and shapes[name] != tuple(value.shape)
    ]
    problems = [
        ("lacks", [name for name in expected if name not in found]),
        ("has besides", [str(name) for name in found if name not in expected]),
        ("has other shapes:", wrong),
    ]
    said = [f"{what} {_some(listed)}" for what, listed in problems if listed]
    if said:
        raise UserError(
            f"{checkpoint}: not the published audio encoder: it {'; '.join(said)}; expected the {len(expected)} tensors"
            " audio_encoder.* and fc_audio.* of a published audio_encoder.pt"
        )


def _some(names: list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
