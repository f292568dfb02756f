"""Metric learning by tags, with or without a self-supervised auxiliary loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.sample_cnn import excerpt_embedding
from unisono.training.nt_xent import nt_xent
from unisono.training.rows import rows_with, take


class MetricLearning(nn.Module):
    """L = L_ML + lambda * L_SSL over two excerpts a track: Akama et al. 2023, section 4, eq. 8-20.

    With `metric` alone it is the metric learning of the baselines, with `contrastive` alone the pre-training.

    Args:
        encoder: f, excerpts (B, 1, S) -> h (B, D).
        n_tags: T.
        projection_dim: output of the projector g.
        temperature: tau of eq. 14.
        metric: weight of L_ML, 0 or 1.
        contrastive: weight of L_SSL, the lambda of eq. 20.
        augment: waveforms (B, S) -> (B, S), applied while training; None leaves the excerpts as they are.
        freeze: keep the encoder as it is, and train the tag head on it (CLMR's linear probe).

    Raises:
        ValueError: both weights are 0.
    """

    def __init__(
        self,
        encoder: AudioEncoder,
        n_tags: int,
        projection_dim: int,
        temperature: float,
        *,
        metric: float,
        contrastive: float,
        augment: nn.Module | None,
        freeze: bool = False,
    ) -> None:
        super().__init__()
        if metric == 0 and contrastive == 0:
            raise ValueError("both weights are 0, so there is nothing to learn from")
        self.encoder = encoder.requires_grad_(not freeze)
        self.freeze = freeze
        # Without biases: the projector takes the raw h, the tag head its normalised form (eq. 11, 17).
        dim = encoder.backbone_dim
        self.projector = (
            nn.Sequential(nn.Linear(dim, dim, bias=False), nn.ReLU(), nn.Linear(dim, projection_dim, bias=False))
            if contrastive > 0
            else None
        )
        self.tag_head = nn.Linear(dim, n_tags, bias=False) if metric > 0 else None
        self.temperature = temperature
        self.weights = {"metric": metric, "contrastive": contrastive}
        self.augment = augment

    def train(self, mode: bool = True) -> "MetricLearning":
        """A frozen encoder stays in evaluation mode, so that its batch norm statistics do not move."""
        super().train(mode)
        if self.freeze:
            self.encoder.eval()
        return self

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs: "first" and "second", two excerpts (B, 1, S) of each track; "tags", (B, T) of 0 and 1.
            present: "tags", (B,) bool on the CPU: which tracks are labelled. L_ML is the mean over them, L_SSL of all.

        Returns:
            "metric" and "contrastive" where they have a weight, and "loss", the weighted sum.
        """
        excerpts = torch.cat([inputs["first"], inputs["second"]])
        if self.training and self.augment is not None:
            with torch.autocast(excerpts.device.type, enabled=False):
                excerpts = self.augment(excerpts.squeeze(1)).unsqueeze(1)
        features = self.encoder.backbone(excerpts)
        losses = {}
        if self.tag_head is not None:
            rows = rows_with(present["tags"])
            labelled = torch.cat([rows, rows + len(present["tags"])])
            logits = self.tag_head(excerpt_embedding(take(features, labelled))).float()
            tags = take(inputs["tags"].repeat(2, 1), labelled)
            losses["metric"] = (
                functional.binary_cross_entropy_with_logits(logits, tags) if len(labelled) else logits.sum()
            )
        if self.projector is not None:
            first_BP, second_BP = self.projector(features).chunk(2)
            losses["contrastive"] = nt_xent(first_BP, second_BP, self.temperature)
        losses["loss"] = torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()
        return losses
