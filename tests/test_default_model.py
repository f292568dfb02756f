"""The model that comes with the package: `unisono.load()`."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import unisono
from unisono.encoders.saved import CONFIG, WEIGHTS
from unisono.errors import UserError
from unisono.experiments.default_model import OUT, RECIPE, main
from unisono.params import load_params

REPO = Path(__file__).parents[1]
FOLDER = REPO / OUT


def chord(*hertz: float, seconds: float = 6.0) -> np.ndarray:
    time_S = np.arange(int(seconds * 16_000)) / 16_000
    return sum(0.2 * np.sin(2 * np.pi * h * time_S) * np.exp(-3 * (time_S % 0.5)) for h in hertz)


def test_it_embeds_music_without_any_training() -> None:
    model = unisono.load()
    low, high = chord(110, 165, 220), chord(880, 1320, 1760)
    vectors_ND = model.embed([low, high, low], 16_000)
    assert vectors_ND.shape == (3, 64) == (3, model.dim) and vectors_ND.dtype == np.float32
    assert np.isfinite(vectors_ND).all()
    np.testing.assert_array_equal(vectors_ND[0], vectors_ND[2])
    similarity = np.corrcoef(vectors_ND)
    assert similarity[0, 1] < 0.9 * similarity[0, 2]
    by_hand = unisono.load(FOLDER, layer="backbone").embed([low, high, low], 16_000)
    np.testing.assert_array_equal(by_hand, vectors_ND)
    assert not np.array_equal(unisono.load(layer="projection").embed(low, 16_000), vectors_ND[:1])


def test_its_weights_are_of_the_recipe_s_params() -> None:
    params = load_params(REPO / "params.yaml")
    config = json.loads((FOLDER / CONFIG).read_text())
    assert config["front_end"] == params.mel.model_dump()
    assert config["kind"] == "mel_cnn" and config["encoder"]["channels"] == params.encoder.channels
    assert config["encoder"]["crop_frames"] == params.train.crop_frames
    in_config = {"mel", "encoder", "train.crop_frames"}
    assert not {part for key in RECIPE for part in (key, key.split(".")[0])} & in_config, "then compare with the recipe"
    model = unisono.load()
    assert all(bool(torch.isfinite(value).all()) for value in model.encoder.state_dict().values())
    steps = int(model.encoder.state_dict()["normalize.num_batches_tracked"])
    assert steps > 0, "an encoder that was never trained"
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500_000
    assert {path.name for path in FOLDER.iterdir()} == {WEIGHTS, CONFIG, "README.md"}


def test_its_card_says_what_it_is_made_of() -> None:
    card = (FOLDER / "README.md").read_text()
    assert "license: apache-2.0" in card and "simulated" in card


def test_it_is_made_from_simulated_music_alone(tmp_path: Path) -> None:
    text = (REPO / "params/folder.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=r"corpora.catalogue is .*folder.*, expected .*melon.*git checkout params.yaml"):
        main(load_params(tmp_path / "params.yaml"))
