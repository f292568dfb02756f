"""Training on random crops of a frame store: what the training stages of both systems do."""

from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from unisono.dataset import Cropped, training_batches, validation_batches
from unisono.errors import UserError
from unisono.params import Schedule, Train
from unisono.training.curves import curves
from unisono.training.devices import pick_device
from unisono.training.loop import Progress, fit


def fit_on_crops(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    training: Cropped,
    validation: Cropped,
    *,
    stage: str,
    crop_frames: int,
    n_views: int,
    schedule: Schedule,
    machine: Train,
    checkpoint: Path,
    curves_folder: Path,
    scheduler: ReduceLROnPlateau | None = None,
) -> Progress:
    """Train `module` with `n_views` crops a track, and leave it with the weights of its best validation loss.

    Validation sees the same crops in each epoch. See `unisono.training.loop.fit` for resumption.

    Args:
        stage: the section of params.yaml that holds the schedule.
        machine: its workers, device and precision are used.

    Raises:
        UserError: the training part does not fill a batch, or fewer than two tracks are there to validate.
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
    with curves(curves_folder) as log:
        return fit(
            module,
            optimizer,
            lambda epoch: training_batches(
                training, crop_frames, schedule.batch_size, schedule.seed, epoch, machine.workers, n_views
            ),
            lambda: validation_batches(validation, crop_frames, schedule.batch_size, schedule.seed, n_views),
            epochs=schedule.epochs,
            patience=schedule.patience,
            seed=schedule.seed,
            device=pick_device(machine.device),
            precision=machine.precision,
            checkpoint=checkpoint,
            scheduler=scheduler,
            on_epoch=log,
        )


def training_metrics(progress: Progress, training: Cropped, validation: Cropped) -> dict[str, object]:
    """The metrics of a training stage: its best epoch, that epoch's losses, and the numbers of tracks."""
    return {
        "best_epoch": progress.best_epoch + 1,
        "epochs": len(progress.history),
        "loss": progress.history[progress.best_epoch],
        "tracks": {"train": len(training.rows_N), "validation": len(validation.rows_N)},
    }
