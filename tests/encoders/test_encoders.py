"""Encoders: shapes of the paper, equations, and what is saved."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import load_encoder, save_encoder
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
