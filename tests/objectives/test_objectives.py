"""Alignments and B-lines: which rows and modalities count, and what they add up to."""

import numpy as np
import pytest
import torch
from torch import nn

from unisono.errors import UserError
from unisono.models import build_audio_encoder, build_objective
from unisono.objectives.alignment import Alignment, CrossModalAlignment
from unisono.objectives.nt_xent import nt_xent
from unisono.objectives.prediction import ModalityPrediction
from unisono.params import Encoder, Loss, Mel, Train

ENCODER = Encoder(channels=[2, 2, 2, 2, 2, 2, 4], hidden=8, embedding_dim=6, dropout=0.5, genre_heads=2)
MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
TRAIN = Train(
    objective="contrastive", crop_frames=128, batch_size=4, epochs=1, patience=1, learning_rate=1e-3,
    weight_decay=0, workers=0, device="cpu", precision="fp32", seed=0,
)  # fmt: skip
VECTORS_GW = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


def loss(a2g: float, a2p: float, g2p: float) -> Loss:
    return Loss(temperature=0.1, lambda_a2g=a2g, lambda_a2p=a2p, lambda_g2p=g2p)


def objective(weights: Loss, kind: str = "contrastive") -> nn.Module:
    return build_objective(build_audio_encoder(ENCODER, TRAIN, MEL), ENCODER, weights, kind, VECTORS_GW, cf_dim=7)


@pytest.mark.parametrize(
    ("weights", "modalities"),
    [
        ((1, 1, 1), {"audio", "genre", "playlist"}),
        ((1, 0, 0), {"audio", "genre"}),
        ((0, 1, 0), {"audio", "playlist"}),
        ((1, 0, 1), {"audio", "genre", "playlist"}),
    ],
)
def test_a_modality_without_weight_is_not_built(weights: tuple[float, float, float], modalities: set[str]) -> None:
    assert set(objective(loss(*weights)).encoders) == modalities


@pytest.mark.parametrize(
    ("weights", "heads"), [((1, 1, 1), {"genre", "playlist"}), ((1, 0, 1), {"genre"}), ((0, 1, 0), {"playlist"})]
)
def test_b_lines_have_one_head_a_modality(weights: tuple[float, float, float], heads: set[str]) -> None:
    assert set(objective(loss(*weights), "prediction").heads) == heads


@pytest.mark.parametrize("kind", ["contrastive", "prediction"])
@pytest.mark.parametrize("g2p", [0, 1])
def test_weights_that_teach_the_audio_nothing_are_refused(kind: str, g2p: float) -> None:
    with pytest.raises(UserError, match=r"loss\.lambda_a2g and loss\.lambda_a2p are both 0"):
        objective(loss(0, 0, g2p), kind)


def test_tracks_lacking_a_modality_are_left_out_of_its_alignments() -> None:
    module = CrossModalAlignment(
        {m: nn.Identity() for m in ("audio", "genre", "playlist")},
        [Alignment("a2g", "audio", "genre", 1.0), Alignment("a2p", "audio", "playlist", 0.5),
         Alignment("g2p", "genre", "playlist", 2.0)],
        temperature=0.1,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    inputs = {m: torch.randn(6, 4, generator=generator) for m in ("audio", "genre", "playlist")}
    present = {
        "audio": torch.ones(6, dtype=torch.bool),
        "genre": torch.tensor([1, 1, 0, 1, 1, 0], dtype=torch.bool),
        "playlist": torch.tensor([0, 1, 1, 1, 0, 0], dtype=torch.bool),
    }
    losses = module(inputs, present)
    genre, playlist, both = [0, 1, 3, 4], [1, 2, 3], [1, 3]
    expected = {
        "a2g": nt_xent(inputs["audio"][genre], inputs["genre"][genre], 0.1),
        "a2p": nt_xent(inputs["audio"][playlist], inputs["playlist"][playlist], 0.1),
        "g2p": nt_xent(inputs["genre"][both], inputs["playlist"][both], 0.1),
    }
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-6)
    total = expected["a2g"] + 0.5 * expected["a2p"] + 2 * expected["g2p"]
    assert losses["loss"].item() == pytest.approx(total.item(), rel=1e-6)


def test_an_alignment_with_fewer_than_two_tracks_counts_nothing() -> None:
    module = objective(loss(1, 1, 0))
    batch = {
        "inputs": {"audio": torch.randn(4, 48, 128), "genre": torch.zeros(4, 3, dtype=torch.long),
                   "playlist": torch.randn(4, 7)},
        "present": {"audio": torch.ones(4, dtype=torch.bool), "genre": torch.tensor([True, False, False, False]),
                    "playlist": torch.ones(4, dtype=torch.bool)},
    }  # fmt: skip
    losses = module(**batch)
    losses["loss"].backward()
    assert losses["a2g"] == 0 and losses["loss"] == losses["a2p"]


def test_prediction_is_bce_on_genres_and_mse_on_factors() -> None:
    module = ModalityPrediction(nn.Identity(), 6, n_genres=5, cf_dim=7, weights={"genre": 1.0, "playlist": 3.0})
    audio, cf = torch.randn(4, 6), torch.randn(4, 7)
    genres = torch.tensor([[1, 3], [5, 0], [0, 0], [2, 0]])
    present = {"audio": torch.ones(4, dtype=torch.bool), "genre": (genres > 0).any(1), "playlist": cf[:, 0] > -9}
    losses = module({"audio": audio, "genre": genres, "playlist": cf}, present)
    total = 0.0
    probability = torch.sigmoid(module.heads["genre"](audio))
    for row, labels in ((0, {1, 3}), (1, {5}), (3, {2})):
        for genre in range(1, 6):
            p = probability[row, genre - 1]
            total -= torch.log(p if genre in labels else 1 - p).item() / 15
    assert losses["genre"].item() == pytest.approx(total, rel=1e-5)
    mse = ((module.heads["playlist"](audio) - cf) ** 2).mean()
    assert losses["loss"].item() == pytest.approx(total + 3 * mse.item(), rel=1e-5)
