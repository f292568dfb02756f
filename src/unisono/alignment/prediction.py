"""The paper's B-lines: the other modalities predicted from the audio embedding."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from unisono.alignment.alignments import AUDIO, Alignment
from unisono.modalities.modality import Modality
from unisono.training.rows import rows_with, take


class ModalityPrediction(nn.Module):
    """One linear head a modality, whose losses are weighted and summed: BCE of genres, MSE of CF factors.

    Ferraro et al. 2021, section 3 (B-line_G, B-line_CF, B-line_CF-G); the losses are those of the published code.

    Args:
        audio: the audio encoder, (B, F, T) -> (B, D).
        embedding_dim: D.
        modalities: what is predicted.
        alignments: a row of audio and each of them, with a positive weight.
    """

    def __init__(
        self, audio: nn.Module, embedding_dim: int, modalities: Iterable[Modality], alignments: list[Alignment]
    ) -> None:
        super().__init__()
        self.modalities = {modality.name: modality for modality in modalities}
        self.weights = {row.b: row.weight for row in alignments}
        self.encoders = nn.ModuleDict({AUDIO: audio})
        self.heads = nn.ModuleDict(
            {name: nn.Linear(embedding_dim, self.modalities[name].n_outputs) for name in self.weights}
        )

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of one batch, a modality each and "loss"; see `CrossModalAlignment.forward`."""
        audio_BD = self.encoders[AUDIO](inputs[AUDIO])
        losses = {}
        for name, head in self.heads.items():
            rows = rows_with(present[name])
            outputs = head(take(audio_BD, rows)).float()
            loss = self.modalities[name].prediction_loss
            losses[name] = loss(outputs, take(inputs[name], rows)) if len(rows) else outputs.sum()
        losses["loss"] = torch.stack([self.weights[name] * losses[name] for name in self.heads]).sum()
        return losses
