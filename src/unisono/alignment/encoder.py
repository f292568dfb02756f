"""From params to the audio encoder, before its first step."""

import torch

from unisono.encoders.mel_cnn import MelCNN
from unisono.errors import UserError
from unisono.params import Encoder, Mel, Train


def build_audio_encoder(encoder: Encoder, train: Train, mel: Mel) -> MelCNN:
    """The audio encoder with the initial weights of `train.seed`.

    Raises:
        UserError: the params do not make an encoder.
    """
    torch.manual_seed(train.seed)
    try:
        return MelCNN(
            mel.n_mels, train.crop_frames, encoder.channels, encoder.hidden, encoder.embedding_dim, encoder.dropout
        )
    except ValueError as error:
        raise UserError(f"params.yaml: encoder, mel.n_mels and train.crop_frames do not fit: {error}") from None
