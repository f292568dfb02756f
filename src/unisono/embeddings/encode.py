"""From frames to embeddings: a track's windows, and an encoder over them."""

import numpy as np
import torch

from unisono.encoders.audio_encoder import AudioEncoder, bands_first
from unisono.training.devices import mixed_precision

LAYERS = ("projection", "backbone")
ROWS = 16  # the kernels of small batches sum in another order; with batches of a multiple of this many rows, none do


def n_windows(n_frames: np.ndarray, length: int) -> np.ndarray:
    """How many windows of `length` frames tracks of `n_frames` have: at least one, in which a short track repeats."""
    return np.maximum(n_frames // length, 1)


def windows_of(frames_TF: np.ndarray, length: int) -> np.ndarray:
    """A track's windows (M, length, F): its non-overlapping stretches from the first frame on.

    What is left at the end is not used. A track shorter than one window is repeated to fill one.
    """
    count = max(len(frames_TF) // length, 1)
    if len(frames_TF) < length:
        frames_TF = frames_TF.take(np.arange(length), axis=0, mode="wrap")
    return frames_TF[: count * length].reshape(count, length, -1)


def layer_dim(encoder: AudioEncoder, layer: str) -> int:
    """D of a layer: projection (the embedding) | backbone (the features under it)."""
    return encoder.embedding_dim if layer == "projection" else encoder.backbone_dim


def encode(
    encoder: AudioEncoder, crops_BTF: np.ndarray, *, layer: str, device: torch.device, precision: str
) -> np.ndarray:
    """Embed crops as a frame store has them: (B, T, F) to (B, D), float32.

    A crop's embedding does not depend on the batch that it is in: not by a bit on one machine.
    """
    crops_BFT = bands_first(crops_BTF)
    spare = -len(crops_BFT) % ROWS
    if spare:
        crops_BFT = torch.cat([crops_BFT, crops_BFT.new_zeros(spare, *crops_BFT.shape[1:])])
    run = encoder.forward if layer == "projection" else encoder.backbone
    with torch.inference_mode(), mixed_precision(precision, device):
        return run(crops_BFT.to(device))[: len(crops_BTF)].float().cpu().numpy()
