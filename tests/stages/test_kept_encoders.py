"""What train keeps beside the audio encoder: the genre encoder as it was trained, where one was."""

from pathlib import Path

import numpy as np
import pytest
from small_data import GENRES, change_params, run_main, write_small_data

from unisono.artifacts.vectors import load_vectors
from unisono.encoders.saved import load_encoder
from unisono.modalities.bag_encoder import BagEncoder, files_of

MODEL = Path("data/models/trained")
WEIGHTS = files_of(MODEL, "genre")[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_data(tmp_path)
    change_params(tmp_path, {"train.epochs": 1})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_genre_encoder_is_the_trained_one(folder: Path) -> None:
    run_main(folder, "train.py catalogue")
    encoder, first = BagEncoder(MODEL, "genre"), WEIGHTS.read_bytes()
    audio, _ = load_encoder(MODEL)
    assert encoder.names == GENRES and encoder.embed(["jazz", "rock"]).shape == (audio.embedding_dim,)
    _, vectors_GW = load_vectors(Path("data/genres"))
    np.testing.assert_array_equal(encoder._encoder.vectors[1:], vectors_GW)
    change_params(folder, {"train.epochs": 2})
    run_main(folder, "train.py catalogue")
    assert WEIGHTS.read_bytes() != first


@pytest.mark.parametrize("change", [{"train.objective": "prediction"}, {"loss.lambda_a2g": 0, "loss.lambda_g2p": 0}])
def test_a_run_without_one_leaves_none_of_an_earlier_run(folder: Path, change: dict[str, object]) -> None:
    run_main(folder, "train.py catalogue")
    change_params(folder, change)
    run_main(folder, "train.py catalogue")
    assert sorted(path.name for path in MODEL.iterdir()) == ["config.json", "encoder.safetensors"]
