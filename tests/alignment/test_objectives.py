"""Alignments and B-lines: which rows and modalities count, and what they add up to."""

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_params import ENCODER, MEL, TRAIN
from torch import nn

from unisono.alignment.alignments import Alignment, aligned, weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.alignment.masked import MaskedAudio
from unisono.alignment.objective import CrossModalAlignment
from unisono.alignment.prediction import ModalityPrediction
from unisono.modalities.genres import Genres
from unisono.modalities.playlists import Playlists
from unisono.modalities.registry import MODALITIES
from unisono.params import Loss
from unisono.training.nt_xent import nt_xent

RNG = np.random.default_rng(0)
GENRES = Genres(pd.Index(list("abcde")), RNG.normal(size=(5, 4)).astype(np.float32))
PLAYLISTS = Playlists(pd.Index(["t0", "t1"]), RNG.normal(size=(2, 7)).astype(np.float32))


def loss(a2g: float, a2p: float, g2p: float, a2a: float = 0) -> Loss:
    return Loss(temperature=0.1, lambda_a2g=a2g, lambda_a2p=a2p, lambda_g2p=g2p, lambda_a2a=a2a)


def objective(weights: Loss, kind: str = "contrastive", **changes: int) -> nn.Module:
    train = TRAIN.model_copy(update={"objective": kind, **changes})
    rows = weighted_alignments(weights, kind, MODALITIES)
    modalities = [modality for modality in (GENRES, PLAYLISTS) if modality.name in aligned(rows)]
    return build_objective(build_audio_encoder(ENCODER, train, MEL), modalities, rows, ENCODER, weights, train)


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


def test_two_crops_of_a_song_are_aligned_by_the_same_encoder() -> None:
    module = objective(loss(0, 0, 0, a2a=2)).eval()
    assert set(module.encoders) == {"audio", "crop"}
    audio, crop = torch.randn(2, 4, 48, 128)
    everywhere = torch.ones(4, dtype=torch.bool)
    losses = module({"audio": audio, "crop": crop}, {"audio": everywhere, "crop": everywhere})
    encoder = module.encoders["audio"]
    assert losses["a2a"].item() == pytest.approx(nt_xent(encoder(audio), encoder(crop), 0.1).item(), rel=1e-5)
    assert losses["loss"].item() == pytest.approx(2 * losses["a2a"].item(), rel=1e-6)
    assert len(list(module.parameters())) == len(list(encoder.parameters()))


def test_the_other_crop_is_masked_while_training_only() -> None:
    masked = MaskedAudio(build_audio_encoder(ENCODER, TRAIN, MEL), mask_frames=40, mask_bands=10)
    mel_BFT = torch.randn(200, 48, 128) - 60
    masked_BFT = masked.mask(mel_BFT)
    changed_BFT = masked_BFT - mel_BFT
    frames_BT = (changed_BFT.abs() > 1e-4).all(dim=1)
    bands_BF = (changed_BFT.abs() > 1e-4).all(dim=2)
    assert 0 < frames_BT.sum(1).max() < 40 and 0 < bands_BF.sum(1).max() < 10
    assert frames_BT.sum(1).unique().numel() > 20 and bands_BF.sum(1).unique().numel() > 5
    longest = int(frames_BT.sum(1).argmax())
    hidden = masked_BFT[longest][:, frames_BT[longest]]
    assert torch.allclose(hidden, mel_BFT[longest].mean(), atol=1e-3)
    assert (changed_BFT.abs() < 1e-4).any(dim=1)[~frames_BT].all()
    masked.eval()
    assert torch.equal(masked(mel_BFT[:2]), masked.audio(mel_BFT[:2]))
    none = MaskedAudio(masked.audio, mask_frames=0, mask_bands=0)
    assert torch.allclose(none.mask(mel_BFT), mel_BFT, atol=1e-4)


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
    rows = [Alignment("a2g", "audio", "genre", 1.0), Alignment("a2p", "audio", "playlist", 3.0)]
    module = ModalityPrediction(nn.Identity(), 6, [GENRES, PLAYLISTS], rows)
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
