"""The training loop: resumption, early stopping, best weights."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from unisono.errors import UserError
from unisono.training.devices import pick_device
from unisono.training.loop import Batch, NonFiniteLoss, Progress, fit


class Regression(nn.Module):
    """Least squares with dropout, so that randomness matters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, inputs: dict[str, torch.Tensor], present: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        error = ((self.layers(inputs["x"]) - inputs["y"]) ** 2).mean()
        return {"error": error, "loss": error}


def batches(epoch: int) -> Iterable[Batch]:
    generator = torch.Generator().manual_seed(epoch)
    for _ in range(3):
        x = torch.randn(16, 4, generator=generator)
        yield {"inputs": {"x": x, "y": x.sum(1, keepdim=True)}, "present": {"x": torch.ones(16, dtype=torch.bool)}}


def run(
    checkpoint: Path, epochs: int, patience: int = 100, lr: float = 0.05, reduce: bool = False, **kwargs: Any
) -> tuple[nn.Module, Progress]:
    module = Regression()
    optimizer = torch.optim.Adam(module.parameters(), lr=lr)
    scheduler = ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
    progress = fit(
        module, optimizer, batches, lambda: batches(-1), epochs=epochs, patience=patience, seed=0,
        device=torch.device("cpu"), precision="fp32", checkpoint=checkpoint,
        scheduler=scheduler if reduce else None, **kwargs,
    )  # fmt: skip
    return module, progress


class Killed(Exception):
    pass


@pytest.mark.parametrize("reduce", [False, True])
def test_a_run_killed_and_resumed_equals_one_that_was_not(tmp_path: Path, reduce: bool) -> None:
    whole, progress = run(tmp_path / "whole.pt", epochs=6, lr=0.3, reduce=reduce)
    seen: list[Any] = []

    def kill_after_three(losses: Any) -> None:
        seen.append(losses)
        if len(seen) == 3:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path / "killed.pt", epochs=6, lr=0.3, reduce=reduce, on_epoch=kill_after_three)
    logged: list[Any] = []
    resumed, resumed_progress = run(tmp_path / "killed.pt", epochs=6, lr=0.3, reduce=reduce, on_epoch=logged.append)
    assert resumed_progress.history == progress.history == logged
    for mine, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_learning_rate_falls_when_the_validation_loss_does_not(tmp_path: Path) -> None:
    _, plain = run(tmp_path / "plain.pt", epochs=30, lr=0.5)
    _, reduced = run(tmp_path / "reduced.pt", epochs=30, lr=0.5, reduce=True)
    losses = [epoch["validation"]["loss"] for epoch in reduced.history]
    worse = next(i for i, loss in enumerate(losses) if i and loss > min(losses[:i]))
    assert reduced.history[: worse + 1] == plain.history[: worse + 1] and reduced.history != plain.history


def test_the_best_weights_are_kept_and_training_stops_when_stale(tmp_path: Path) -> None:
    module, progress = run(tmp_path / "c.pt", epochs=200, patience=5, lr=0.5)
    validation = [epoch["validation"]["loss"] for epoch in progress.history]
    assert progress.best_epoch == validation.index(min(validation))
    assert len(validation) == progress.best_epoch + 1 + 5 < 200
    module.eval()
    with torch.no_grad():
        again = [module(**batch)["loss"].item() for batch in batches(-1)]
    assert sum(again) / 3 == pytest.approx(min(validation), rel=1e-6)


@pytest.mark.parametrize(("part", "bad"), [("train", (1, 2)), ("train", (0, 0)), ("validation", (0, 1))])
def test_the_first_batch_with_an_infinite_loss_is_named(tmp_path: Path, part: str, bad: tuple[int, int]) -> None:
    def spoilt(epoch: int, where: str) -> Iterable[Batch]:
        for number, batch in enumerate(batches(epoch if where == "train" else -1)):
            if where == part and (epoch, number) == bad:
                batch["inputs"]["y"][3] = float("inf")
            yield batch

    module = Regression()
    seen: list[Any] = []
    with pytest.raises(NonFiniteLoss) as caught:
        fit(
            module, torch.optim.Adam(module.parameters(), lr=0.05), lambda epoch: spoilt(epoch, "train"),
            lambda: spoilt(0, "validation"), epochs=3, patience=9, seed=0, device=torch.device("cpu"),
            precision="fp32", checkpoint=tmp_path / "c.pt", on_epoch=seen.append,
        )  # fmt: skip
    error = caught.value
    assert (error.part, (error.epoch, error.batch), error.losses) == (part, bad, ["error", "loss"])
    assert len(seen) == bad[0]  # the epochs before it are safe


def test_a_learning_rate_that_destroys_the_weights_shows_in_the_next_batch(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss) as caught:
        run(tmp_path / "c.pt", epochs=2, lr=1e30)
    assert (caught.value.part, caught.value.epoch, caught.value.batch) == ("train", 0, 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where there is no CUDA device")
def test_asking_for_an_absent_gpu_is_explained() -> None:
    assert pick_device("auto").type == "cpu"
    with pytest.raises(UserError, match="torch finds no CUDA device; use device: auto or cpu"):
        pick_device("cuda")
