"""The model that comes with the package: `unisono.load()`."""

import json
from pathlib import Path

import numpy as np
import torch

import unisono
from unisono.encoders.saved import CONFIG, WEIGHTS
from unisono.experiments.default_model import OUT, PARAMS
from unisono.params import load_params

REPO = Path(__file__).parents[1]
FOLDER = REPO / OUT


def chord(*hertz: float) -> np.ndarray:
    """Six seconds of plucked notes."""
    time_S = np.arange(6 * 16_000) / 16_000
    return np.sum([0.2 * np.sin(2 * np.pi * h * time_S) * np.exp(-3 * (time_S % 0.5)) for h in hertz], axis=0)


def test_it_embeds_music_without_any_training() -> None:
    model = unisono.load()
    low_S, high_S = chord(110, 165, 220), chord(880, 1320, 1760)
    vectors_ND = model.embed([low_S, high_S, low_S], 16_000)
    assert vectors_ND.shape == (3, 64) == (3, model.dim) and vectors_ND.dtype == np.float32
    assert np.isfinite(vectors_ND).all()
    np.testing.assert_array_equal(vectors_ND[0], vectors_ND[2])
    low_D, high_D = vectors_ND[:2] / np.linalg.norm(vectors_ND[:2], axis=1, keepdims=True)
    assert low_D @ high_D < 0.9


def test_it_gives_the_backbone_unless_the_projection_is_asked_for() -> None:
    clip_S = chord(220, 330)
    vector_1D = unisono.load().embed(clip_S, 16_000)
    np.testing.assert_array_equal(unisono.load(layer="backbone").embed(clip_S, 16_000), vector_1D)
    projection_1D = unisono.load(layer="projection").embed(clip_S, 16_000)
    assert not np.allclose(projection_1D, vector_1D)
    np.testing.assert_array_equal(unisono.load(FOLDER).embed(clip_S, 16_000), projection_1D)


def test_its_weights_are_those_of_its_params() -> None:
    params = load_params(REPO / PARAMS)
    config = json.loads((FOLDER / CONFIG).read_text())
    assert config["kind"] == "mel_cnn" and config["front_end"] == params.mel.model_dump()
    sizes = params.encoder.model_dump(exclude={"kind", "genre_heads"})
    assert config["encoder"] == {"n_bands": params.mel.n_mels, "crop_frames": params.train.crop_frames, **sizes}
    state = unisono.load().encoder.state_dict()
    assert all(bool(torch.isfinite(value).all()) for value in state.values())
    assert int(state["normalize.num_batches_tracked"]) > 0, "an encoder that was never trained"


def test_it_is_small_and_its_card_says_what_it_is() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {WEIGHTS, CONFIG, "README.md"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500_000
    card = (FOLDER / "README.md").read_text()
    assert "license: apache-2.0" in card and "simulated music" in card


def test_it_is_made_from_simulated_music_alone() -> None:
    params = load_params(REPO / PARAMS)
    assert {name: corpus.root.parts[:3] for name, corpus in params.corpora.items()} == {
        "catalogue": ("data", "raw", "sample")
    }
