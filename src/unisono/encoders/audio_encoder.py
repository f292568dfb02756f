"""What every audio encoder is, whatever it hears: mels or waveforms."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class AudioEncoder(nn.Module):
    """An encoder of fixed-length crops from a frame store.

    Attributes:
        config: the arguments that rebuild it.
        n_bands: F, bands of a frame; 1 for waveforms.
        crop_frames: T, frames of a crop; samples for waveforms.
        backbone_dim: length of `backbone`'s output.
        embedding_dim: D, length of `forward`'s output.
    """

    config: dict[str, Any]
    n_bands: int
    crop_frames: int
    backbone_dim: int
    embedding_dim: int

    def backbone(self, crop_BFT: Tensor) -> Tensor:
        """The features under the embedding: (B, F, T) -> (B, backbone_dim)."""
        raise NotImplementedError

    def forward(self, crop_BFT: Tensor) -> Tensor:
        """The embedding: (B, F, T) -> (B, D)."""
        raise NotImplementedError


def feed_forward(features: int, hidden: int, embedding_dim: int, dropout: float) -> nn.Sequential:
    """From features to the embedding, Ferraro et al. 2021, eq. 4: (B, features) -> (B, embedding_dim)."""
    return nn.Sequential(
        nn.Linear(features, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, embedding_dim),
        nn.LayerNorm(embedding_dim, eps=1e-6),
    )


def bands_first(crops_BTF: np.ndarray) -> Tensor:
    """Stored frames (B, T, F) with the axes as the encoder takes them: (B, F, T), a view, in the store's float16."""
    return torch.from_numpy(crops_BTF).transpose(1, 2)
