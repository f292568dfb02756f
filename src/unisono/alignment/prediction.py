"""The paper's B-lines: the other modalities predicted from the audio embedding."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ModalityPrediction(nn.Module):
    """One linear head a modality: BCE-with-logits on the genres, MSE on the CF factors, weighted and summed.

    Ferraro et al. 2021, section 3 (B-line_G, B-line_CF, B-line_CF-G); the losses are those of the published code.

    Args:
        audio: the audio encoder, (B, F, T) -> (B, D).
        embedding_dim: D.
        n_genres: G; genres are predicted when `weights` has "genre".
        cf_dim: F_cf; factors are predicted when `weights` has "playlist".
        weights: {"genre": w, "playlist": w}, positive, either or both.
    """

    def __init__(
        self, audio: nn.Module, embedding_dim: int, n_genres: int, cf_dim: int, weights: dict[str, float]
    ) -> None:
        super().__init__()
        sizes = {"genre": n_genres, "playlist": cf_dim}
        self.encoders = nn.ModuleDict({"audio": audio})
        self.heads = nn.ModuleDict({modality: nn.Linear(embedding_dim, sizes[modality]) for modality in weights})
        self.weights = weights

    @property
    def modalities(self) -> set[str]:
        """The input, and what is predicted from it."""
        return {"audio", *self.weights}

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of one batch; see `CrossModalAlignment.forward`. "genre" holds (B, L) genre rows + 1, 0 padded."""
        audio_BD = self.encoders["audio"](inputs["audio"])
        losses = {}
        for modality, head in self.heads.items():
            rows = present[modality].nonzero().squeeze(1)
            output = head(audio_BD[rows]).float()
            target = inputs[modality][rows]
            if len(rows) == 0:
                losses[modality] = output.sum()
            elif modality == "genre":
                multi_hot = torch.zeros(len(rows), output.shape[1] + 1, device=output.device)
                multi_hot = multi_hot.scatter_(1, target, 1.0)[:, 1:]
                losses[modality] = functional.binary_cross_entropy_with_logits(output, multi_hot)
            else:
                losses[modality] = functional.mse_loss(output, target.float())
        losses["loss"] = torch.stack([self.weights[m] * losses[m] for m in self.heads]).sum()
        return losses
