"""Ridge regression onto modalities, against its closed form."""

from pathlib import Path

import numpy as np
import pytest

from unisono.alignment import ridge
from unisono.alignment.ridge import STRENGTHS, LinearAlignment, Part, fit_ridge
from unisono.errors import UserError


def parts(noise: float, n: int = 60) -> tuple[Part, Part]:
    rng = np.random.default_rng(0)
    weights_IO = rng.normal(size=(6, 3))

    def part(n: int) -> Part:
        x_NI = rng.normal(5, 2, (n, 6)).astype(np.float32)
        y_NO = (x_NI @ weights_IO + noise * rng.normal(size=(n, 3))).astype(np.float32)
        has = np.arange(n) % 5 != 0
        y_NO[~has] = 1e9  # of tracks without the modality nothing may be learnt
        return Part(x_NI, {"one": y_NO, "other": np.ones((n, 2), np.float32)}, {"one": has, "other": has})

    return part(n), part(n // 3)


@pytest.mark.parametrize("noise", [0.0, 3.0, 100.0])
def test_it_is_the_closed_form_at_the_strength_with_the_least_validation_error(noise: float) -> None:
    train, validation = parts(noise)
    model, strengths = fit_ridge(train, validation)
    scale_I = train.inputs_NI.std(axis=0)
    x_NI, held_NI = ((part.inputs_NI - train.inputs_NI.mean(axis=0)) / scale_I for part in (train, validation))
    has, held = train.present["one"], validation.present["one"]
    x_NI, y_NO = x_NI[has], train.targets["one"][has].astype(float)
    centred_NI, centred_NO = x_NI - x_NI.mean(axis=0), y_NO - y_NO.mean(axis=0)
    errors, fits = [], []
    for strength in STRENGTHS:
        fits.append(np.linalg.solve(centred_NI.T @ centred_NI + strength * np.eye(6), centred_NI.T @ centred_NO))
        predicted_NO = (held_NI[held] - x_NI.mean(axis=0)) @ fits[-1] + y_NO.mean(axis=0)
        errors.append(np.square(predicted_NO - validation.targets["one"][held]).mean())
    best = int(np.argmin(errors))
    assert strengths["one"] == STRENGTHS[best]
    np.testing.assert_allclose(model.weights["one"], fits[best], rtol=1e-3, atol=1e-4)


def test_its_cosine_is_the_mean_of_the_modalities_cosines() -> None:
    rng = np.random.default_rng(1)
    weights = {"one": rng.normal(size=(4, 3)), "other": rng.normal(size=(4, 5))}
    model = LinearAlignment(np.zeros(4), np.ones(4), weights)
    a, b = rng.normal(size=(2, 4))
    expected = np.mean([(a @ w) @ (b @ w) / np.linalg.norm(a @ w) / np.linalg.norm(b @ w) for w in weights.values()])
    first, second = model.embed(np.stack([a, b]))
    np.testing.assert_allclose(first @ second / np.linalg.norm(first) / np.linalg.norm(second), expected, rtol=1e-5)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = fit_ridge(*parts(1.0))
    x_NI = np.random.default_rng(2).normal(size=(10, 6)).astype(np.float32)
    whole_NO = model.embed(x_NI)
    monkeypatch.setattr(ridge, "BLOCK_ROWS", 3)
    np.testing.assert_allclose(model.embed(x_NI), whole_NO, rtol=1e-5, atol=1e-6)


def test_without_validation_it_takes_the_middle_strength() -> None:
    train, validation = parts(1.0)
    none = {name: np.zeros_like(has) for name, has in validation.present.items()}
    assert fit_ridge(train, Part(validation.inputs_NI, validation.targets, none))[1]["one"] == STRENGTHS[4]


def test_what_no_training_track_has_is_left_out() -> None:
    train, validation = parts(1.0)
    none = train.present | {"one": np.zeros(len(train.inputs_NI), dtype=bool)}
    model, strengths = fit_ridge(Part(train.inputs_NI, train.targets, none), validation)
    assert list(model.weights) == list(strengths) == ["other"]


def test_it_survives_saving(tmp_path: Path) -> None:
    model, _ = fit_ridge(*parts(1.0))
    model.save(tmp_path / "ridge.safetensors")
    x_NI = np.random.default_rng(2).normal(size=(5, 6)).astype(np.float32)
    loaded = LinearAlignment.load(tmp_path / "ridge.safetensors")
    np.testing.assert_array_equal(loaded.embed(x_NI), model.embed(x_NI))
    (tmp_path / "ridge.safetensors").write_bytes(b"x")
    with pytest.raises(UserError, match="damaged"):
        LinearAlignment.load(tmp_path / "ridge.safetensors")
