"""From frames to embeddings: an encoder over a track's windows."""

import numpy as np
import torch

from unisono.encoders.audio_encoder import AudioEncoder, bands_first
from unisono.training.devices import mixed_precision, to_device

LAYERS = ("projection", "backbone")
ROWS = 8  # that a CPU embeds at once, no fewer and no more: the order of a kernel's sums depends on their number


def layer_dim(encoder: AudioEncoder, layer: str) -> int:
    """D of a layer: projection (the embedding) | backbone (the features under it)."""
    return encoder.embedding_dim if layer == "projection" else encoder.backbone_dim


def encode(
    encoder: AudioEncoder, crops_BTF: np.ndarray, *, layer: str, device: torch.device, precision: str
) -> np.ndarray:
    """Embed crops as a frame store has them: (B, T, F) to (B, D), float32.

    On a CPU, and in a thread that computes alone (see `in_threads`), a crop's embedding does not depend on those that
    it is embedded with, nor on the number of threads: not by a bit on one machine.
    """
    rows = ROWS if device.type == "cpu" else len(crops_BTF)
    parts = [crops_BTF[first : first + rows] for first in range(0, len(crops_BTF), rows)]
    return np.concatenate([_encode(encoder, part_RTF, rows, layer, device, precision) for part_RTF in parts])


def _encode(
    encoder: AudioEncoder, crops_RTF: np.ndarray, rows: int, layer: str, device: torch.device, precision: str
) -> np.ndarray:
    """Embed so many rows, or fewer with zeros behind them: there before a tensor's layout chooses the kernels."""
    count = len(crops_RTF)
    if count < rows:
        crops_RTF = np.concatenate([crops_RTF, np.zeros((rows - count, *crops_RTF.shape[1:]), crops_RTF.dtype)])
    run = encoder.forward if layer == "projection" else encoder.backbone
    with torch.inference_mode(), mixed_precision(precision, device):
        return run(to_device(bands_first(crops_RTF), device))[:count].float().cpu().numpy()
