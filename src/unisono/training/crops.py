"""Training on random crops of a frame store: what the training stages of both systems do."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from unisono.errors import UserError
from unisono.params import Machine, Schedule
from unisono.training.batches import (
    Batches,
    Cropped,
    training_batches,
    training_plan,
    validation_batches,
    validation_plan,
)
from unisono.training.curves import curves
from unisono.training.devices import describe_machine, enough_memory, pick_device
from unisono.training.loop import NonFiniteLoss, Progress, fit

NAMED_TRACKS = 5


def fit_on_crops(
    module: nn.Module,
    training: Cropped,
    validation: Cropped,
    *,
    stage: str,
    crop_frames: int,
    n_views: int,
    schedule: Schedule,
    machine: Machine,
    precision: str,
    checkpoint: Path,
    curves_folder: Path,
    weight_decay: float = 0.0,
    reduce_after: int | None = None,
    suspects: list[str],
) -> Progress:
    """Train `module` by Adam with `n_views` crops a track, and leave it with the weights of its best validation loss.

    Validation sees the same crops in each epoch. See `unisono.training.loop.fit` for resumption.

    Args:
        stage: the section of params.yaml that holds the schedule.
        machine: its device and loaders are used.
        precision: auto | fp32 | bf16.
        reduce_after: epochs without a better validation loss before the learning rate falls to a tenth; None: never.
        suspects: params that can make a loss infinite before any step of training, with their values.

    Raises:
        UserError: the training part does not fill a batch, fewer than two tracks are there to validate, a loss is not
            finite, or the GPU's memory does not hold a batch.
    """
    if len(training.rows_N) < schedule.batch_size:
        raise UserError(
            f"params.yaml: {stage}.batch_size is {schedule.batch_size}, but the training part has only"
            f" {len(training.rows_N)} tracks; set {stage}.batch_size to {len(training.rows_N)} or less"
        )
    if len(validation.rows_N) < 2:
        raise UserError(
            f"the validation part has {len(validation.rows_N)} tracks, expected at least 2; give it more"
            " (split.validation, or the corpus's own lists)"
        )
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    device = pick_device(machine.device)
    fused = True if device.type == "cuda" else None  # one kernel for all weights
    optimizer = torch.optim.Adam(weights, lr=schedule.learning_rate, weight_decay=weight_decay, fused=fused)
    size, seed = schedule.batch_size, schedule.seed
    with curves(curves_folder) as log, enough_memory(f"params.yaml: {stage}.batch_size ({size})"):
        try:
            return fit(
                module,
                optimizer,
                lambda epoch: training_batches(training, crop_frames, size, seed, epoch, machine.loaders, n_views),
                lambda: validation_batches(validation, crop_frames, size, seed, n_views),
                epochs=schedule.epochs,
                patience=schedule.patience,
                seed=seed,
                device=device,
                precision=precision,
                checkpoint=checkpoint,
                scheduler=ReduceLROnPlateau(optimizer, factor=0.1, patience=reduce_after) if reduce_after else None,
                on_epoch=log,
            )
        except NonFiniteLoss as error:
            if error.part == "train":
                batches = training_plan(training, crop_frames, size, seed, error.epoch, n_views)
            else:
                batches = validation_plan(validation, crop_frames, size, seed, n_views)
            steps = f"lower {stage}.learning_rate ({schedule.learning_rate:g})"
            if weight_decay:
                steps += f" or {stage}.weight_decay ({weight_decay:g})"
            raise UserError(_explain(error, batches, stage, steps, suspects)) from None


def _explain(error: NonFiniteLoss, batches: Batches, stage: str, steps: str, suspects: list[str]) -> str:
    """What became infinite, with which tracks, and which params can be to blame."""
    tracks = batches.track_ids(error.batch)
    inputs = batches[error.batch]["inputs"].values()
    bad = [track for row, track in enumerate(tracks) if not all(bool(torch.isfinite(of[row]).all()) for of in inputs)]
    where = (
        f"{stage}: the loss is not finite ({', '.join(error.losses)}) from batch {error.batch + 1} of epoch"
        f" {error.epoch + 1} on, in the {error.part} part; the batch has the tracks {_some(tracks)}"
    )
    if bad:
        return f"{where}; the input of {_some(bad)} is not finite: pack the corpus anew, or leave them out"
    if error.losses == ["loss"] or (error.part, error.epoch, error.batch) == ("train", 0, 0):
        return f"{where}; no step of training led to it, so see params.yaml: {', '.join(suspects)}"
    return f"{where}; {steps}{', or see ' if suspects else ''}{', '.join(suspects)}"


def _some(tracks: list[str]) -> str:
    more = f" and {len(tracks) - NAMED_TRACKS} more" if len(tracks) > NAMED_TRACKS else ""
    return ", ".join(tracks[:NAMED_TRACKS]) + more


def training_metrics(
    progress: Progress, training: Cropped, validation: Cropped, machine: Machine, precision: str
) -> dict[str, Any]:
    """The metrics of a training stage: its best epoch, its losses, the numbers of tracks.

    And on which machine it ran: what the results depend on beside params, data and code.
    """
    return {
        "best_epoch": progress.best_epoch + 1,
        "curves": progress.history,
        "epochs": len(progress.history),
        "loss": progress.history[progress.best_epoch],
        "machine": describe_machine(pick_device(machine.device), precision),
        "tracks": {"train": len(training.rows_N), "validation": len(validation.rows_N)},
    }


def headline(metrics: dict[str, Any]) -> dict[str, float]:
    """What people compare of `training_metrics`: the validation loss that the weights are chosen by, and its epoch."""
    return {"loss": metrics["loss"]["validation"]["loss"], "best_epoch": metrics["best_epoch"]}
