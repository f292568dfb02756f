"""The training loop: epochs, validation, early stopping, resumption."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm import tqdm

from unisono.training.checkpoint import load_checkpoint, save_checkpoint
from unisono.training.devices import keep_freed_memory, mixed_precision, to_device, training_precision

Batch = dict[str, dict[str, Tensor]]
Losses = dict[str, float]


class NonFiniteLoss(Exception):
    """A loss became infinite or not a number.

    Attributes:
        losses: the names of those that did in `batch`; "loss" alone when only their weighted sum did.
        part: train | validation.
        epoch, batch: the first such batch, both from 0.
    """

    def __init__(self, losses: list[str], part: str, epoch: int, batch: int) -> None:
        super().__init__(f"{', '.join(losses)} in batch {batch} of epoch {epoch}, {part}")
        self.losses, self.part, self.epoch, self.batch = losses, part, epoch, batch


@dataclass
class Progress:
    """How far a run has come; all of it is in the checkpoint.

    Attributes:
        history: per finished epoch {"train": losses, "validation": losses}.
        best_epoch: index into `history` of the lowest validation loss, -1 before the first epoch.
        best_weights: the module's state at that epoch.
    """

    history: list[dict[str, Losses]] = field(default_factory=list)
    best_epoch: int = -1
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best_loss(self) -> float:
        return self.history[self.best_epoch]["validation"]["loss"] if self.best_epoch >= 0 else float("inf")

    def stale_epochs(self) -> int:
        return len(self.history) - 1 - self.best_epoch


def fit(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    training_batches: Callable[[int], Iterable[Batch]],
    validation_batches: Callable[[], Iterable[Batch]],
    *,
    epochs: int,
    patience: int,
    seed: int,
    device: torch.device,
    precision: str,
    checkpoint: Path,
    scheduler: ReduceLROnPlateau | None = None,
    on_epoch: Callable[[dict[str, Losses]], Any] = lambda losses: None,
) -> Progress:
    """Train `module` and leave it with the weights of its best validation loss.

    `module(**batch)` returns scalars by name, "loss" the one that is minimised. After every epoch the whole state
    goes to `checkpoint`; a run that finds one there continues from it, and reaches the same weights as a run that
    was never stopped: every epoch draws its randomness from (seed, epoch) alone. The caller removes the checkpoint
    once the results are safe.

    Args:
        training_batches: the batches of an epoch, given its number.
        validation_batches: the same batches at every call.
        patience: epochs without a better validation loss after which training stops.
        scheduler: of the optimizer's learning rate, told each validation loss.
        on_epoch: called with each epoch's losses, those of resumed epochs included.

    Raises:
        NonFiniteLoss: at the end of the epoch in which a loss became infinite or not a number.
    """
    if device.type == "cpu":
        keep_freed_memory()
    precision = training_precision(precision, device)
    module.to(device)
    parts: dict[str, Any] = {"module": module, "optimizer": optimizer}
    if scheduler is not None:
        parts["scheduler"] = scheduler
    progress = _resume(parts, checkpoint, device)
    for losses in progress.history:
        on_epoch(losses)
    bar = tqdm(range(len(progress.history), epochs), initial=len(progress.history), total=epochs, unit="epoch")
    for epoch in bar:
        if progress.stale_epochs() >= patience:
            break
        torch.manual_seed(seed * 1_000_003 + epoch)
        losses = {
            "train": _pass(module, training_batches(epoch), device, precision, epoch, optimizer),
            "validation": _pass(module, validation_batches(), device, precision, epoch, None),
        }
        progress.history.append(losses)
        if losses["validation"]["loss"] < progress.best_loss:
            progress.best_epoch = epoch
            progress.best_weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
        if scheduler is not None:
            scheduler.step(losses["validation"]["loss"])
        states = {name: part.state_dict() for name, part in parts.items()}
        save_checkpoint(checkpoint, {"progress": vars(progress), **states})
        on_epoch(losses)
        bar.set_postfix({part: f"{values['loss']:.4f}" for part, values in losses.items()})
    module.load_state_dict(progress.best_weights)
    return progress


def _resume(parts: dict[str, Any], checkpoint: Path, device: torch.device) -> Progress:
    state = load_checkpoint(checkpoint, device)
    if state is None:
        return Progress()
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return Progress(**state["progress"])


def _pass(
    module: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    precision: str,
    epoch: int,
    optimizer: torch.optim.Optimizer | None,
) -> Losses:
    """One pass over the batches, learning when there is an optimizer; returns each loss's mean over the rows."""
    module.train(optimizer is not None)
    sums: dict[str, Tensor] = {}
    n_finite: dict[str, Tensor] = {}  # batches until a sum was not finite any more: it stays so
    rows = n_batches = 0
    with torch.set_grad_enabled(optimizer is not None):
        for batch in batches:
            batch = _move(batch, device)
            with mixed_precision(precision, device):
                losses = module(**batch)
            if optimizer is not None:
                optimizer.zero_grad(set_to_none=True)
                losses["loss"].backward()
                optimizer.step()
            size = len(next(iter(batch["present"].values())))
            rows += size
            for name, value in losses.items():
                # Summed on the device: reading a value here would make a GPU wait for every batch.
                sums[name] = sums.get(name, torch.zeros((), device=device)) + value.detach().float() * size
                n_finite[name] = n_finite.get(name, 0) + torch.isfinite(sums[name])
            n_batches += 1
    finite = {name: int(n) for name, n in n_finite.items()}
    first = min(finite.values())
    if first < n_batches:
        names = [name for name, n in finite.items() if n == first]
        raise NonFiniteLoss(names, "validation" if optimizer is None else "train", epoch, first)
    return {name: float(total) / rows for name, total in sums.items()}


def _move(batch: Batch, device: torch.device) -> Batch:
    """Only what the encoders take: which rows there are decides shapes, and reading that back would make a GPU wait."""
    return {**batch, "inputs": {name: to_device(values, device) for name, values in batch["inputs"].items()}}
