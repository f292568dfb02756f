"""Alignment of modalities: encoders, and the pairs of them that are pulled together."""

import torch
from torch import Tensor, nn

from unisono.alignment.alignments import Alignment, aligned
from unisono.training.nt_xent import nt_xent
from unisono.training.rows import rows_with, take


class CrossModalAlignment(nn.Module):
    """L_tot = sum of weight * L_ab over the alignments, Ferraro et al. 2021, eq. 13.

    Args:
        encoders: one a modality; exactly those that the alignments name.
        alignments: the pairs to align, each with a positive weight.
        temperature: tau of eq. 10.
    """

    def __init__(self, encoders: dict[str, nn.Module], alignments: list[Alignment], temperature: float) -> None:
        super().__init__()
        named = aligned(alignments)
        if named != set(encoders):
            raise ValueError(f"the alignments name {sorted(named)}, but there are encoders for {sorted(encoders)}")
        self.encoders = nn.ModuleDict(encoders)
        self.alignments = alignments
        self.temperature = temperature

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs: what each modality's encoder takes, B rows each.
            present: (B,) bool a modality, on the CPU. A track takes part in an alignment only when it has both.

        Returns:
            One scalar an alignment, and "loss", their weighted sum.
        """
        embeddings: dict[str, Tensor] = {}
        position: dict[str, Tensor] = {}
        for modality, encoder in self.encoders.items():
            rows = rows_with(present[modality])
            position[modality] = present[modality].cumsum(0) - 1
            if len(rows) > 1:
                embeddings[modality] = encoder(take(inputs[modality], rows))
        losses = {}
        for pair in self.alignments:
            rows = rows_with(present[pair.a], present[pair.b])
            if len(rows) < 2:  # nothing to contrast with
                losses[pair.name] = torch.zeros((), device=inputs[pair.a].device)
                continue
            losses[pair.name] = nt_xent(
                take(embeddings[pair.a], position[pair.a][rows]),
                take(embeddings[pair.b], position[pair.b][rows]),
                self.temperature,
            )
        losses["loss"] = torch.stack([pair.weight * losses[pair.name] for pair in self.alignments]).sum()
        return losses
