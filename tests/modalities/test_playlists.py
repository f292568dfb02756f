"""Playlists as a modality: which tracks have factors, the encoder, the loss of a prediction."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from unisono.modalities.playlists import PlaylistMLP, Playlists
from unisono.params import Encoder

ENCODER = Encoder(channels=[2] * 7, hidden=8, embedding_dim=6, dropout=0.5, genre_heads=2)
TRAIN: Any = None  # playlists know no knob of training


def tracks(ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame(index=pd.Index(ids, name="track_id"))


def test_rows_are_the_factors_and_zero_without_them() -> None:
    modality = Playlists(pd.Index(["a", "b", "c"]), np.array([[1.0, 2], [3, 4], [5, 6]]))
    rows_NC = modality.rows(tracks(["c", "z", "a"]), TRAIN)
    assert rows_NC.tolist() == [[5, 6], [0, 0], [1, 2]] and rows_NC.dtype == np.float32
    assert modality.present(rows_NC).tolist() == [True, False, True]


def test_a_track_is_in_playlists_when_any_factor_is_not_zero() -> None:
    rng = np.random.default_rng(0)
    ids = [f"t{row}" for row in range(200)]
    factors_MC = rng.normal(size=(150, 4)).astype(np.float32)
    factors_MC[rng.random((150, 4)) < 0.6] = 0
    modality = Playlists(pd.Index(ids[:150]), factors_MC)
    order = rng.permutation(ids).tolist()
    rows_NC = modality.rows(tracks(order), TRAIN)
    for track, row_C, present in zip(order, rows_NC, modality.present(rows_NC), strict=True):
        number = int(track[1:])
        expected = factors_MC[number].tolist() if number < 150 else [0] * 4
        assert row_C.tolist() == expected
        assert present == any(value != 0 for value in expected)


def test_prediction_is_the_squared_error_of_each_factor() -> None:
    modality = Playlists(pd.Index(["a"]), np.zeros((1, 7), dtype=np.float32))
    assert modality.n_outputs == 7
    outputs_BO, rows_BC = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(0))
    expected = sum((o - c) ** 2 for o, c in zip(outputs_BO.flatten(), rows_BC.flatten(), strict=True)) / 28
    assert modality.prediction_loss(outputs_BO, rows_BC).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_encoder_takes_factors_of_the_catalogue_s_size() -> None:
    modality = Playlists(pd.Index(["a"]), np.zeros((1, 7), dtype=np.float32))
    assert modality.encoder(ENCODER)(torch.randn(3, 7)).shape == (3, 6)


def test_playlist_encoder_ends_in_layer_norm() -> None:
    output = PlaylistMLP(300, 128, 0.5).eval()(torch.randn(4, 300))
    torch.testing.assert_close(output.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(output.var(1, unbiased=False), torch.ones(4), atol=1e-3, rtol=0)
