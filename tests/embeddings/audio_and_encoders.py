"""A folder of audio as it comes, and an untrained encoder of each kind."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import nn

from unisono.encoders.audio_encoder import AudioEncoder
from unisono.encoders.inception import MelInception
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.sample_cnn import SampleCNN
from unisono.encoders.saved import save_encoder
from unisono.params import Mel, Waves

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
WAVES = Waves(sample_rate=7350)
AUDIO = {  # file: Hz, channels, seconds
    "blocks.wav": (44100, 2, 25.0),  # longer than what is decoded at once
    "mono.flac": (16000, 1, 9.0),
    "six.wav": (22050, 6, 7.3),
    "vorbis.ogg": (48000, 2, 5.1),
    "layer3.mp3": (44100, 1, 6.0),
    "odd.wav": (11111, 2, 6.0),
    "short.wav": (8000, 1, 0.4),
}


def write_audio(folder: Path) -> list[Path]:
    """A folder of audio of several rates, channels and formats; one track is shorter than any window."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, (rate, channels, seconds) in AUDIO.items():
        time = np.arange(int(rate * seconds)) / rate
        tones = [np.sin(2 * np.pi * pitch * time) for pitch in rng.uniform(100, 3000, channels)]
        noise = rng.normal(0, 0.05, (len(time), channels))
        soundfile.write(folder / name, 0.3 * np.stack(tones, axis=1) + noise, rate)
    return [folder / name for name in AUDIO]


def encoder_of(kind: str) -> AudioEncoder:
    """A small encoder whose batch norms have seen something, so that its outputs differ."""
    torch.manual_seed(0)
    encoders = {
        "mel_cnn": lambda: MelCNN(48, 128, [4, 4, 8, 8, 8, 8, 16], hidden=12, embedding_dim=10, dropout=0.1),
        "sample_cnn": lambda: SampleCNN([4, 4, 8, 8, 8, 8, 8, 16], 12),
        "inception": lambda: MelInception(7350, n_fft=512, hop_length=100, n_mels=48, channels=8, embedding_dim=12),
    }
    encoder: AudioEncoder = encoders[kind]()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = None  # so that it keeps what it has seen
    loudness = torch.tensor([1.0, 0.1, 0.01, 0.3])[:, None, None]
    with torch.no_grad():
        encoder.train()(torch.randn(4, encoder.n_bands, encoder.crop_frames) * loudness)
    return encoder.eval()


def front_end_of(kind: str) -> Mel | Waves:
    return MEL if kind == "mel_cnn" else WAVES


def save_model(folder: Path, kind: str) -> Path:
    save_encoder(folder, encoder_of(kind), front_end_of(kind).model_dump())
    return folder
