"""From params to the audio encoder, before its first step."""

import torch

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.vectors import VectorMLP
from unisono.errors import UserError
from unisono.params import Encoder, Mel, Train, Vectors


def build_audio_encoder(encoder: Encoder, train: Train, front_end: Mel | Vectors) -> AudioEncoder:
    """The audio encoder with the initial weights of `train.seed`.

    Args:
        front_end: what its crops are.

    Raises:
        UserError: the params do not make an encoder.
    """
    torch.manual_seed(train.seed)
    sizes = encoder.hidden, encoder.embedding_dim, encoder.dropout
    if encoder.kind == "vectors":
        return VectorMLP(front_end.n_bands, *sizes)
    assert encoder.channels is not None, "params.yaml is refused without them"
    try:
        return MelCNN(front_end.n_bands, train.crop_frames, encoder.channels, *sizes)
    except ValueError as error:
        raise UserError(f"params.yaml: encoder, mel.n_mels and train.crop_frames do not fit: {error}") from None
