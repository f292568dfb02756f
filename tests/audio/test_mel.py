"""The mel front end equals Essentia's, whole or in blocks."""

import numpy as np
import pytest
import torch
from paper_mel import paper_power

from unisono.audio.mel import FLOOR_DB, LogMel
from unisono.params import Mel

MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)


def essentia_log_mel(audio_S: np.ndarray) -> np.ndarray:
    """As the Melon Playlist Dataset's mels were made: (T + 1 or T, 48)."""
    standard = pytest.importorskip("essentia.standard", reason="essentia is a development dependency")
    window = standard.Windowing(type="hann", normalized=False, zeroPhase=False)
    spectrum = standard.Spectrum(size=512)
    mel_bands = standard.MelBands(
        inputSize=257,
        numberBands=48,
        sampleRate=16000,
        lowFrequencyBound=0,
        highFrequencyBound=8000,
        warpingFormula="slaneyMel",
        normalize="unit_tri",
        weighting="linear",
        type="power",
        log=False,
    )
    frames = standard.FrameGenerator(audio_S, frameSize=512, hopSize=256, startFromZero=False)
    power_TF = np.array([mel_bands(spectrum(window(frame))) for frame in frames])
    return 20 * np.log10(np.maximum(power_TF, 1e-10))


def chord(noise: float, seconds: float = 5.0) -> np.ndarray:
    time = np.arange(int(16000 * seconds)) / 16000
    tones = sum(0.2 * np.sin(2 * np.pi * f * time) for f in (110.0, 220.0, 277.2, 329.6, 1760.0)) * np.exp(-time)
    return (tones + noise * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)


@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3, 1e-4])
def test_equals_essentia_within_a_thousandth_of_a_decibel(noise: float) -> None:
    audio_S = chord(noise)
    essentia_TF = essentia_log_mel(audio_S)
    ours_TF = LogMel(MEL)(torch.from_numpy(audio_S)).numpy()
    assert len(ours_TF) in (len(essentia_TF), len(essentia_TF) - 1)
    # Essentia's own single precision is off by more than that below about -100 dB.
    audible = essentia_TF[: len(ours_TF)] > -100
    assert audible.mean() > 0.2
    np.testing.assert_allclose(ours_TF[audible], essentia_TF[: len(ours_TF)][audible], atol=1e-3, rtol=0)


def test_quiet_bands_are_no_further_from_double_precision_than_essentia() -> None:
    audio_S = chord(noise=0)
    essentia_TF = essentia_log_mel(audio_S)
    ours_TF = LogMel(MEL)(torch.from_numpy(audio_S)).numpy()
    power_FT = paper_power().double()(torch.from_numpy(audio_S).double())
    exact_TF = (20 * power_FT.clamp(min=1e-10).log10()).T.numpy()
    ours, essentias = (np.abs(mel_TF[: len(exact_TF)] - exact_TF) for mel_TF in (ours_TF, essentia_TF))
    assert np.median(ours) <= np.median(essentias)


@pytest.mark.parametrize("n_samples", [1, 255, 256, 512, 16000, 16037])
def test_equals_torchaudio_with_centred_frames_and_the_papers_arguments(n_samples: int) -> None:
    power = paper_power()
    audio_S = torch.from_numpy(chord(1e-2))[:n_samples]
    expected_TF = (20 * power(audio_S).clamp(min=1e-10).log10()).T
    torch.testing.assert_close(LogMel(MEL)(audio_S), expected_TF, atol=1e-3, rtol=0)


@pytest.mark.parametrize("block", [1, 100, 256, 777, 5000])
def test_blocks_join_into_the_whole(block: int) -> None:
    audio_S = torch.from_numpy(chord(1e-2))[: 2000 if block == 1 else 40000]
    front_end = LogMel(MEL)
    torch.testing.assert_close(
        torch.cat(list(front_end.blocks(audio_S.split(block)))), front_end(audio_S), atol=1e-3, rtol=0
    )


def test_silence_is_at_the_floor() -> None:
    assert (LogMel(MEL)(torch.zeros(5000)) == FLOOR_DB).all()
