"""A small encoder of each kind, saved with its front end, and clips to embed."""

from pathlib import Path

import numpy as np
import soundfile
import torch

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.inception import MelInception
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.sample_cnn import SampleCNN
from unisono.encoders.saved import save_encoder
from unisono.params import Mel, Waves

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
WAVES = Waves(sample_rate=7350)
KINDS = ("mel_cnn", "sample_cnn", "inception")


def small_model(folder: Path, kind: str = "mel_cnn") -> Path:
    """Save an encoder with weights of its own and batch norms that have seen something."""
    torch.manual_seed(0)
    encoder: AudioEncoder
    if kind == "mel_cnn":
        encoder = MelCNN(48, 128, [4, 4, 4, 4, 8, 8, 8], hidden=16, embedding_dim=12, dropout=0.5)
        encoder(torch.randn(8, 48, 128) * 20 - 40)
    else:
        encoder = SampleCNN([4] * 8, 12) if kind == "sample_cnn" else MelInception(7350, 512, 170, 48, 8, 12)
        encoder(torch.randn(8, 1, encoder.crop_frames) * 0.1)
    save_encoder(folder, encoder.eval(), (MEL if kind == "mel_cnn" else WAVES).model_dump())
    return folder


def write_clip(path: Path, seconds: float, sample_rate: int = 16000, seed: int = 0) -> Path:
    """Write tones that come and go, with noise under them."""
    rng = np.random.default_rng(seed)
    time_S = np.arange(int(seconds * sample_rate)) / sample_rate
    tones = rng.uniform(100, 3000, 6)[:, None]
    audio_S = (0.1 * np.sin(2 * np.pi * tones * time_S) * (np.sin(tones * time_S / 50) > 0)).sum(axis=0)
    soundfile.write(path, audio_S + 0.003 * rng.normal(size=len(time_S)), sample_rate)
    return path
