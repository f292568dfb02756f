"""Samples to vectors in one module: the pipeline's frames, and its vectors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import KINDS, MEL, small_model, write_clip

import unisono
from unisono.audio.decode import load_audio
from unisono.audio.mel import LogMel
from unisono.params import Mel
from unisono.sharing.samples import SamplesToVector


def cut(path: Path, module: SamplesToVector) -> torch.Tensor:
    """A file's whole windows (M, S)."""
    audio_S = load_audio(path, module.sample_rate)
    count = len(audio_S) // module.window_samples
    return audio_S[: count * module.window_samples].reshape(count, -1)


@pytest.mark.parametrize("layer", ["projection", "backbone"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_track_s_windows_have_the_pipeline_s_vectors(tmp_path: Path, kind: str, layer: str) -> None:
    """The first of a mel encoder, all of an encoder of waveforms."""
    clip = write_clip(tmp_path / "a.wav", 8.0, 16000 if kind == "mel_cnn" else 7350)
    model = unisono.load(small_model(tmp_path / "m", kind), layer=layer, device="cpu")
    module = SamplesToVector(model.encoder, model.front_end, layer)
    assert module.window_samples == round(model.window_seconds * model.front_end.sample_rate)
    [track] = model.embed_windows(clip)
    with torch.inference_mode():
        found_MD = module(cut(clip, module)).numpy()
    assert len(found_MD) == len(track.vectors_MD) > 1
    same = 1 if kind == "mel_cnn" else len(found_MD)
    size = np.abs(track.vectors_MD).max()
    np.testing.assert_allclose(found_MD[:same], track.vectors_MD[:same], atol=1e-4 * size)


@pytest.mark.parametrize(("n_fft", "others"), [(512, [0]), (1024, [0, 1, 127])])
def test_only_the_frames_that_reach_beyond_a_window_differ_from_the_track_s(
    tmp_path: Path, n_fft: int, others: list[int]
) -> None:
    mel = Mel(**{**MEL.model_dump(), "n_fft": n_fft})
    encoder = unisono.load(small_model(tmp_path / "m"), device="cpu").encoder
    module = SamplesToVector(encoder, mel)
    heard: list[torch.Tensor] = []
    encoder.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    clip = write_clip(tmp_path / "a.wav", 7.0)
    module(cut(clip, module))
    whole_TF = LogMel(mel)(load_audio(clip, 16000)).half().float()
    for window, found_FT in enumerate(heard[0]):
        track_FT = whole_TF[128 * window : 128 * (window + 1)].T
        differs_T = ((found_FT - track_FT).abs() > 0.2).any(dim=0)  # a step of float16 is 0.125 dB at most
        expected = [frame for frame in others if window or frame > 64]  # a track begins with zeros too
        assert differs_T.nonzero().flatten().tolist() == expected
