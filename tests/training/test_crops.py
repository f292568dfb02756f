"""Training on crops of a frame store: what it refuses, what it reports."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numbered_frames import numbered_frames
from torch import Tensor, nn

from unisono.encoders.audio_encoder import bands_first
from unisono.errors import UserError
from unisono.frames.store import FrameStore
from unisono.params import Machine, Schedule
from unisono.training.crops import fit_on_crops, headline, training_metrics
from unisono.training.loop import Batch, Progress

MACHINE = Machine(device="cpu", workers=1, loaders=0, export_batch=1)


@dataclass
class Tracks:
    """Tracks of a store, as examples of which nothing is known but what they sound like."""

    store: FrameStore
    rows_N: np.ndarray

    def batch(self, picked_B: np.ndarray, views: list[np.ndarray]) -> Batch:
        return {"inputs": {"audio": bands_first(views[0])}, "present": {"audio": torch.ones(len(picked_B))}}


class Mean(nn.Module):
    """Learns the mean of all frames' first band."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: dict[str, Tensor], present: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": ((inputs["audio"][:, 0] - self.mean) ** 2).mean()}


def fit(folder: Path, training: range, validation: range, **changes: float) -> tuple[Mean, Progress]:
    store = numbered_frames(folder, [10] * 8)
    settings = {"batch_size": 2, "epochs": 40, "patience": 40, "learning_rate": 0.2, "seed": 0, **changes}
    module = Mean()
    parts = (Tracks(store, np.array(rows, dtype=int)) for rows in (training, validation))
    progress = fit_on_crops(
        module, *parts, stage="train", crop_frames=4, n_views=1, schedule=Schedule(**settings), machine=MACHINE,
        precision="fp32", checkpoint=folder / "c.pt", curves_folder=folder / "curves", suspects=[],
    )  # fmt: skip
    return module, progress


def test_it_learns_and_says_what_it_reached(tmp_path: Path) -> None:
    module, progress = fit(tmp_path, range(6), range(6))  # a frame's first band is its track's number: 2.5 on average
    assert abs(module.mean.item() - 2.5) < 0.3
    part = Tracks(FrameStore.open(tmp_path), np.arange(6))
    metrics = training_metrics(progress, part, part, MACHINE, "fp32")
    best = min(range(40), key=lambda epoch: progress.history[epoch]["validation"]["loss"])
    assert metrics["best_epoch"] == best + 1 and metrics["epochs"] == 40
    assert metrics["tracks"] == {"train": 6, "validation": 6}
    assert headline(metrics) == {"loss": progress.history[best]["validation"]["loss"], "best_epoch": best + 1}
    assert metrics["curves"] == progress.history
    assert metrics["machine"]["device"] == "cpu" and metrics["machine"]["precision"] == "fp32"


def test_parts_that_are_too_small_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train.batch_size is 3, but the training part has only 2 tracks; set .* to 2"):
        fit(tmp_path, range(2), range(2), batch_size=3)
    with pytest.raises(UserError, match=r"the validation part has 1 tracks, expected at least 2"):
        fit(tmp_path, range(2), range(1))
