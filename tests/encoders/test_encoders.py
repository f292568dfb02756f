"""Encoders: shapes of the paper, equations, and what is saved."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import load_encoder, save_encoder, save_projector, save_weights
from unisono.errors import UserError

PAPER = [128, 128, 256, 256, 256, 256, 512]


def small() -> MelCNN:
    return MelCNN(48, 256, [2, 2, 4, 4, 4, 4, 8], hidden=16, embedding_dim=12, dropout=0.5)


def test_the_paper_s_audio_encoder_has_its_shapes() -> None:
    encoder = MelCNN(48, 256, PAPER, hidden=512, embedding_dim=128, dropout=0.5).eval()
    shapes, x = [], torch.randn(2, 1, 48, 256)
    for block in encoder.blocks:
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [
        (128, 24, 128), (128, 12, 64), (256, 6, 32), (256, 3, 16), (256, 3, 8), (256, 3, 4), (512, 1, 2),
    ]  # fmt: skip
    assert encoder.backbone_dim == 1024
    assert encoder(torch.randn(2, 48, 256)).shape == (2, 128)
    convolutions = sum(9 * i * o + 3 * o for i, o in zip([1, *PAPER[:-1]], PAPER, strict=True))
    head = 1024 * 512 + 512 + 2 * 512 + 512 * 128 + 128 + 2 * 128
    assert sum(p.numel() for p in encoder.parameters()) == 2 + convolutions + head


@pytest.mark.parametrize(
    ("bands", "frames", "channels", "message"),
    [
        (16, 256, PAPER, "16 bands x 256 frames is too small"),
        (48, 100, PAPER, "too small"),
        (48, 256, [8], "1 entries"),
    ],
)
def test_an_impossible_audio_encoder_is_refused(bands: int, frames: int, channels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MelCNN(bands, frames, channels, 8, 8, 0.5)


def test_a_saved_encoder_comes_back_the_same(tmp_path: Path) -> None:
    encoder = small()
    encoder(torch.randn(8, 48, 256))  # moves the batch norm statistics
    save_encoder(tmp_path / "m", encoder, {"sample_rate": 16000})
    loaded, mel = load_encoder(tmp_path / "m")
    crops = torch.randn(3, 48, 256)
    torch.testing.assert_close(loaded(crops), encoder.eval()(crops), rtol=0, atol=0)
    assert mel == {"sample_rate": 16000} and not loaded.training


def test_an_incomplete_or_mismatched_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no encoder.safetensors and no config.json \(there is nothing\); train one"):
        load_encoder(tmp_path)
    save_encoder(tmp_path, small(), {})
    config = json.loads((tmp_path / "config.json").read_text())
    config["encoder"]["hidden"] = 17
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"config.json and encoder.safetensors do not fit"):
        load_encoder(tmp_path)
    assert load_file(tmp_path / "encoder.safetensors")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_who_may_read_saved_weights_is_up_to_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        save_encoder(tmp_path, small(), {})
        save_projector(tmp_path, nn.Linear(2, 2))
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "encoder.safetensors": mode, "config.json": mode, "projector.safetensors": mode,
    }  # fmt: skip


def test_weights_replace_a_file_that_has_another_link_and_leave_that_as_it_is(tmp_path: Path) -> None:
    """DVC's cache may be that other link."""
    save_weights(nn.Linear(2, 2), tmp_path / "w.safetensors")
    os.link(tmp_path / "w.safetensors", tmp_path / "cached")
    before = (tmp_path / "cached").read_bytes()
    save_weights(nn.Linear(2, 2), tmp_path / "w.safetensors")
    assert (tmp_path / "cached").read_bytes() == before != (tmp_path / "w.safetensors").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cached", "w.safetensors"]


def test_the_layout_view_cuts_the_frames_values_into_rows_without_transposing() -> None:
    bands_first, view = small().eval(), MelCNN(48, 256, [2, 2, 4, 4, 4, 4, 8], 16, 12, 0.5, input_layout="view").eval()
    view.load_state_dict(bands_first.state_dict())
    frames_BTF = np.random.default_rng(0).normal(size=(3, 256, 48)).astype(np.float32)
    cut_BFT = torch.from_numpy(np.stack([frames_TF.ravel().reshape(48, 256) for frames_TF in frames_BTF]))
    mel_BFT = torch.from_numpy(frames_BTF).transpose(1, 2)
    assert torch.equal(view(mel_BFT), bands_first(cut_BFT))
    assert not torch.allclose(view(mel_BFT), bands_first(mel_BFT.contiguous()))


def test_the_input_layout_is_saved_where_it_is_not_the_usual_one(tmp_path: Path) -> None:
    save_encoder(tmp_path / "usual", small(), {})
    assert "input_layout" not in json.loads((tmp_path / "usual/config.json").read_text())["encoder"]
    save_encoder(tmp_path / "view", MelCNN(48, 256, [2] * 7, 4, 4, 0.5, input_layout="view"), {})
    loaded, _ = load_encoder(tmp_path / "view")
    assert isinstance(loaded, MelCNN) and loaded.input_layout == "view"
    with pytest.raises(ValueError, match="input_layout is 'frames-first', expected one of bands-first, view"):
        MelCNN(48, 256, [2] * 7, 4, 4, 0.5, input_layout="frames-first")


def test_weights_by_the_hub_s_name_are_loaded_too(tmp_path: Path) -> None:
    encoder = small().eval()
    save_encoder(tmp_path, encoder, {})
    (tmp_path / "encoder.safetensors").rename(tmp_path / "model.safetensors")
    crops = torch.randn(2, 48, 256)
    assert torch.equal(load_encoder(tmp_path)[0](crops), encoder(crops))
