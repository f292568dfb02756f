"""A modality that only this file knows trains with the others: nothing else names them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_params
import torch
from numbered_frames import numbered_frames
from tiny_params import MEL
from torch import Tensor, nn
from torch.nn import functional

from unisono.alignment.alignments import weighted_alignments
from unisono.alignment.build import build_objective
from unisono.alignment.encoder import build_audio_encoder
from unisono.alignment.examples import Examples
from unisono.modalities.genres import Genres
from unisono.modalities.modality import Modality
from unisono.modalities.registry import MODALITIES
from unisono.params import Encoder, Loss, Machine, Train
from unisono.training.crops import fit_on_crops

TRAIN = tiny_params.TRAIN.model_copy(update={"epochs": 3, "patience": 3, "learning_rate": 1e-2})
ENCODER = tiny_params.ENCODER.model_copy(update={"dropout": 0.0})
TRACKS = pd.DataFrame(
    {"genres": [["a"], ["b", "a"], [], ["b"]] * 2, "title": ["red sun", "red moon", "moon", "", "sun", "red", "x", ""]},
    index=[f"t{row}" for row in range(8)],
)


class Titles(Modality):
    """The words of a title: how often each stands in it."""

    name, letter, folder, columns = "title", "w", "titles", ("title",)
    missing = "no title has a word that is known"

    def rows(self, tracks: pd.DataFrame, train: Train) -> np.ndarray:
        counts = [Counter(title.split()) for title in tracks["title"]]
        return np.array([[count[word] for word in self.ids] for count in counts], dtype=np.float32)

    def present(self, rows_N: np.ndarray) -> np.ndarray:
        return rows_N.sum(axis=1) > 0

    def encoder(self, params: Encoder) -> nn.Module:
        return nn.Linear(len(self.ids), params.embedding_dim)

    def targets(self, rows_N: np.ndarray) -> np.ndarray:
        return rows_N

    @property
    def n_outputs(self) -> int:
        return len(self.ids)

    def prediction_loss(self, outputs_BO: Tensor, rows_B: Tensor) -> Tensor:
        return functional.poisson_nll_loss(outputs_BO, rows_B)


class Lambdas(Loss):
    lambda_a2w: float
    lambda_g2w: float


LOSS = Lambdas(temperature=0.1, lambda_a2g=1, lambda_a2p=0, lambda_g2p=0, lambda_a2a=0, lambda_a2w=2, lambda_g2w=3)


@pytest.mark.parametrize(
    ("objective", "losses", "weights"),
    [("contrastive", ["a2g", "a2w", "g2w"], [1, 2, 3]), ("prediction", ["genre", "title"], [1, 2])],
)
def test_it_trains(tmp_path: Path, objective: str, losses: list[str], weights: list[int]) -> None:
    train = TRAIN.model_copy(update={"objective": objective})
    alignments = weighted_alignments(LOSS, objective, [*MODALITIES, Titles])
    genres = Genres(pd.Index(["a", "b"]), np.eye(2, 4, dtype=np.float32))
    modalities = [genres, Titles(pd.Index(["red", "sun", "moon"]), np.zeros((3, 1)))]
    examples = Examples.of(TRACKS, numbered_frames(tmp_path, [150] * 8, MEL.n_mels), modalities, train)
    assert examples.present["title"].tolist() == [True, True, True, False, True, True, False, False]
    audio = build_audio_encoder(ENCODER, train, MEL)
    module = build_objective(audio, modalities, alignments, ENCODER, LOSS, train)
    learned = (module.encoders if objective == "contrastive" else module.heads)["title"]
    before = learned.weight.detach().clone()
    progress = fit_on_crops(
        module, examples, examples, stage="train", crop_frames=128, n_views=1, schedule=train, precision="fp32",
        machine=Machine(device="cpu", workers=1, loaders=0, export_batch=1),
        checkpoint=tmp_path / "checkpoint.pt", curves_folder=tmp_path / "curves", suspects=[],
    )  # fmt: skip
    first = progress.history[0]["train"]
    assert set(first) == {*losses, "loss"}
    assert first["loss"] == pytest.approx(sum(w * first[name] for w, name in zip(weights, losses, strict=True)))
    assert not torch.equal(learned.weight.detach().cpu(), before)
