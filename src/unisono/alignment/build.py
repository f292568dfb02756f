"""From params to what is trained: the audio encoder, and the objective around it."""

import numpy as np
import torch
from torch import nn

from unisono.alignment.masked import MaskedAudio
from unisono.alignment.objective import Alignment, CrossModalAlignment
from unisono.alignment.prediction import ModalityPrediction
from unisono.encoders.mel_cnn import MelCNN
from unisono.errors import UserError
from unisono.modalities.genre_attention import GenreAttention
from unisono.modalities.playlist_mlp import PlaylistMLP
from unisono.params import Encoder, Loss, Mel, Train


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


def build_objective(
    audio: MelCNN, encoder: Encoder, loss: Loss, train: Train, genre_vectors_GW: np.ndarray, cf_dim: int
) -> CrossModalAlignment | ModalityPrediction:
    """The module that is trained; a modality whose weights are all zero is not built.

    Raises:
        UserError: the weights leave nothing for the audio encoder to learn, or heads do not divide the genre vectors.
    """
    if train.objective == "prediction":
        weights = {"genre": loss.lambda_a2g, "playlist": loss.lambda_a2p}
        weights = {modality: weight for modality, weight in weights.items() if weight > 0}
        _require(weights, "loss.lambda_a2g and loss.lambda_a2p are both 0")
        return ModalityPrediction(audio, encoder.embedding_dim, len(genre_vectors_GW), cf_dim, weights)
    alignments = [
        Alignment("a2g", "audio", "genre", loss.lambda_a2g),
        Alignment("a2p", "audio", "playlist", loss.lambda_a2p),
        Alignment("g2p", "genre", "playlist", loss.lambda_g2p),
        Alignment("a2a", "audio", "crop", loss.lambda_a2a),
    ]
    alignments = [pair for pair in alignments if pair.weight > 0]
    modalities = {m for pair in alignments for m in (pair.a, pair.b)}
    _require("audio" in modalities, "loss.lambda_a2g, loss.lambda_a2p and loss.lambda_a2a are all 0")
    encoders: dict[str, nn.Module] = {"audio": audio}
    if "crop" in modalities:
        encoders["crop"] = MaskedAudio(audio, train.mask_frames, train.mask_bands)
    if "genre" in modalities:
        try:
            vectors_GW = torch.from_numpy(np.array(genre_vectors_GW))
            encoders["genre"] = GenreAttention(vectors_GW, encoder.genre_heads, encoder.embedding_dim, encoder.dropout)
        except ValueError as error:
            raise UserError(f"params.yaml: encoder.genre_heads and genres.dim do not fit: {error}") from None
    if "playlist" in modalities:
        encoders["playlist"] = PlaylistMLP(cf_dim, encoder.embedding_dim, encoder.dropout)
    return CrossModalAlignment(encoders, alignments, loss.temperature)


def _require(condition: object, problem: str) -> None:
    if not condition:
        raise UserError(f"params.yaml: {problem}, so the audio encoder would learn nothing; give one of them a weight")
