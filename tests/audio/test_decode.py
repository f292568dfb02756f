"""Real formats are decoded to mono at one rate, in blocks whose seams are exact."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torchaudio.functional import resample

from unisono.audio.decode import AudioBlocks, load_audio
from unisono.audio.rejects import RejectError

FORMATS = {  # suffix: (soundfile format, subtype, how near a coded tone comes)
    "wav": ("WAV", "PCM_16", 1e-4),
    "au": ("AU", "PCM_16", 1e-4),
    "flac": ("FLAC", "PCM_24", 1e-4),
    "ogg": ("OGG", "VORBIS", 0.05),
    "opus": ("OGG", "OPUS", 0.05),
    "mp3": ("MP3", "MPEG_LAYER_III", 0.05),
}


def tone(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    time = np.arange(int(rate * seconds)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * 440 * time)] * channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_tone_back(tmp_path: Path, suffix: str) -> None:
    container, subtype, tolerance = FORMATS[suffix]
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(48000, 2, channels=2), 48000, format=container, subtype=subtype)
    audio_S = load_audio(path, 16000)
    assert abs(len(audio_S) - 32000) < 1600
    middle = audio_S[8000:24000]
    spectrum = torch.fft.rfft(middle).abs()
    assert int(spectrum.argmax()) == 440
    assert abs(float(middle.abs().max()) - 0.3) < tolerance + 1e-3


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_blocks_join_into_resampling_at_once(tmp_path: Path, rate: int) -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (rate * 41 + 123, 1)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", audio, rate, subtype="FLOAT")
    blocks = list(AudioBlocks(tmp_path / "noise.wav", 16000))
    assert len(blocks) > 2
    torch.testing.assert_close(
        torch.cat(blocks), resample(torch.from_numpy(audio[:, 0]), rate, 16000), atol=1e-4, rtol=0
    )


def test_six_channels_are_averaged(tmp_path: Path) -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (5000, 6)).astype(np.float32)
    soundfile.write(tmp_path / "six.wav", audio, 16000, subtype="FLOAT")
    np.testing.assert_allclose(load_audio(tmp_path / "six.wav", 16000).numpy(), audio.mean(axis=1), atol=1e-6)


def test_unusable_files_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.mp3").write_bytes(b"")
    (tmp_path / "text.wav").write_text("this is no audio")
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), 16000)
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan]), 16000, subtype="FLOAT")
    reasons = {
        "missing.wav": "missing file",
        "empty.mp3": "empty file",
        "text.wav": "undecodable audio",
        "none.wav": "zero-length audio",
        "nan.wav": "NaN or infinite values",
    }
    for name, reason in reasons.items():
        with pytest.raises(RejectError, match=f"^{reason}$"):
            load_audio(tmp_path / name, 16000)


def test_an_mp3_read_in_blocks_is_the_mp3_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    audio = np.concatenate([np.zeros((30 * 44100, 1)), np.random.default_rng(0).uniform(-0.5, 0.5, (50 * 44100, 1))])
    soundfile.write(path, audio, 44100, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE")
    whole_S, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(load_audio(path, 44100).numpy(), whole_S)


@pytest.mark.parametrize("rate", [44101, 47999, 22051, 383_999])
def test_rates_without_a_small_ratio_are_resampled_too(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "tone.wav", tone(rate, 45), rate, subtype="FLOAT")
    expected_S = torch.from_numpy(tone(16000, 45)[:, 0])
    audio_S = load_audio(tmp_path / "tone.wav", 16000)
    assert abs(len(audio_S) - len(expected_S)) <= 1
    torch.testing.assert_close(audio_S[500:-500], expected_S[500 : len(audio_S) - 500], atol=1e-3, rtol=0)
