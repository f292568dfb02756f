"""What the commands of sharing print and write, and how they refuse."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from unisono.cli.app import app
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import load_encoder, save_encoder
from unisono.errors import UserError
from unisono.sharing.import_weights import CHANNELS, published_name

MEL = {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 48}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_encoder(tmp_path / "model", MelCNN(48, 128, [2] * 7, 4, 4, 0.5).eval(), MEL)
    return tmp_path / "model"


def test_share_writes_a_folder_and_says_what_its_card_lacks(model: Path, tmp_path: Path) -> None:
    done = run("share", tmp_path / "hub", "--model", model)
    assert done.exit_code == 0, done.exception
    assert "does not say how the model was made" in done.stdout and "hf upload YOU/YOUR-MODEL" in done.stdout
    assert (tmp_path / "hub/README.md").read_text().startswith("---\nlicense: unknown\n")
    again = run("share", tmp_path / "hub", "--model", model)
    assert isinstance(again.exception, UserError) and "nothing is overwritten" in str(again.exception)


def test_export_asks_for_clips_where_there_is_no_project(model: Path, tmp_path: Path) -> None:
    done = run("export", "--onnx", tmp_path / "m.onnx", "--model", model)
    assert isinstance(done.exception, UserError) and "name audio files of at least 2.0 s" in str(done.exception)
    assert run("export", "--onnx", tmp_path / "m.onnx", "--model", model, "--layer", "tags").exit_code == 2


def test_import_weights_makes_an_encoder_of_the_layout_that_is_asked_for(tmp_path: Path) -> None:
    state = MelCNN(48, 256, CHANNELS, 512, 128, 0.5).state_dict()
    torch.save({published_name(name): value for name, value in state.items()}, tmp_path / "audio_encoder.pt")
    done = run("import-weights", tmp_path / "audio_encoder.pt", "-o", tmp_path / "m", "--layout", "view")
    assert done.exit_code == 0, done.exception
    encoder, front_end = load_encoder(tmp_path / "m")
    assert isinstance(encoder, MelCNN) and encoder.input_layout == "view" and front_end == MEL
    assert "input layout view" in done.stdout
