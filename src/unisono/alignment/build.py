"""From params to what is trained: the objective around the audio encoder."""

from collections.abc import Iterable

from torch import nn

from unisono.alignment.alignments import AUDIO, CROP, Alignment, aligned
from unisono.alignment.masked import MaskedAudio
from unisono.alignment.objective import CrossModalAlignment
from unisono.alignment.prediction import ModalityPrediction
from unisono.encoders.audio_encoder import AudioEncoder
from unisono.modalities.modality import Modality
from unisono.params import Encoder, Loss, Train


def build_objective(
    audio: AudioEncoder,
    modalities: Iterable[Modality],
    alignments: list[Alignment],
    encoder: Encoder,
    loss: Loss,
    train: Train,
) -> CrossModalAlignment | ModalityPrediction:
    """The module that is trained.

    Args:
        modalities: those that the alignments name, beside audio; their encoders are built in this order.
        alignments: see `weighted_alignments`.

    Raises:
        UserError: the params do not fit a modality's vectors.
    """
    if train.objective == "prediction":
        return ModalityPrediction(audio, encoder.embedding_dim, modalities, alignments)
    encoders: dict[str, nn.Module] = {AUDIO: audio}
    if CROP in aligned(alignments):
        encoders[CROP] = MaskedAudio(audio, train.mask_frames, train.mask_bands)
    for modality in modalities:
        encoders[modality.name] = modality.encoder(encoder)
    return CrossModalAlignment(encoders, alignments, loss.temperature)
