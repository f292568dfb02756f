"""MLP probes over frozen embeddings; a protocol's repeats are trained side by side, as one batched model a thread."""

import copy
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from unisono.params.evaluation import Probe
from unisono.training.devices import in_threads, one_thread, pick_device

# Shapes: R repeats, N instances, B batch, D features, H hidden units, C classes or tags.

EVALUATION_ROWS = 4096  # instances that pass through all repeats at once outside of training
_Part = tuple[torch.Tensor, torch.Tensor]  # standardised features (n, d), and targets


@dataclass(frozen=True)
class Instances:
    """What a probe sees of one part of a split.

    Attributes:
        features_ND: embeddings (n, d).
        targets: class numbers (n,) int64 for classification, or tags (n, c) of 0 and 1 for tagging.
    """

    features_ND: np.ndarray
    targets: np.ndarray


class Repeats(nn.Module):
    """R multilayer perceptrons of one shape that never meet: the r-th is drawn from the r-th generator, on the CPU.

    Linear layers are initialised as `torch.nn.Linear`'s; with `normalise`, batch norm follows each hidden linear
    layer; dropout follows the last hidden layer.
    """

    def __init__(self, sizes: Sequence[int], dropout: float, normalise: bool, generators: list[torch.Generator]):
        super().__init__()
        self.generators, self.dropout = generators, dropout
        self.weights, self.biases, self.norms = nn.ParameterList(), nn.ParameterList(), nn.ModuleList()
        for layer, (d_in, d_out) in enumerate(itertools.pairwise(sizes)):
            bound = 1 / math.sqrt(d_in)
            self.weights.append(nn.Parameter(self._draw(d_in, d_out) * 2 * bound - bound))
            bias = nn.Parameter(self._draw(1, d_out) * 2 * bound - bound)
            if normalise and layer < len(sizes) - 2:
                # Batch norm takes a bias away again: its gradient is rounding noise, which Adam would blow up.
                bias = nn.Parameter(torch.zeros_like(bias), requires_grad=False)
            self.biases.append(bias)
        for d_hidden in sizes[1:-1]:
            self.norms.append(nn.BatchNorm1d(len(generators) * d_hidden) if normalise else nn.Identity())

    def _draw(self, *shape: int) -> torch.Tensor:
        return torch.stack([torch.rand(shape, generator=generator) for generator in self.generators])

    def forward(self, x_RBD: torch.Tensor) -> torch.Tensor:
        """Map features (r, b, d) to logits (r, b, c)."""
        for weight, bias, norm in zip(self.weights, self.biases, self.norms, strict=False):
            x_RBD = F.relu(_per_repeat(norm, torch.baddbmm(bias, x_RBD, weight)))
        if self.training and self.dropout > 0:
            kept = self._draw(*x_RBD.shape[1:]) >= self.dropout
            x_RBD = x_RBD * kept.to(x_RBD.device, non_blocking=True) / (1 - self.dropout)
        return torch.baddbmm(self.biases[-1], x_RBD, self.weights[-1])


def _per_repeat(norm: nn.Module, x_RBH: torch.Tensor) -> torch.Tensor:
    """Normalise each hidden unit of each repeat over the batch."""
    if isinstance(norm, nn.Identity):
        return x_RBH
    repeats, rows, hidden = x_RBH.shape
    normalised = norm(x_RBH.transpose(0, 1).reshape(rows, repeats * hidden))
    return normalised.reshape(rows, repeats, hidden).transpose(0, 1)


@dataclass(frozen=True)
class FittedProbe:
    """Trained repeats, with the training part's mean and std (1, d) by which features are standardised."""

    models: list[Repeats]
    mean_1D: np.ndarray
    std_1D: np.ndarray

    def logits(self, features_ND: np.ndarray) -> np.ndarray:
        """Return the logits (r, n, c) of features (n, d)."""
        features = _standardised(features_ND, self.mean_1D, self.std_1D)
        with torch.no_grad(), one_thread():
            blocks = features.to(self.models[0].weights[0].device).split(EVALUATION_ROWS)
            logits = [torch.cat([_all_repeats(model, block) for block in blocks], dim=1) for model in self.models]
        return torch.cat(logits).cpu().numpy()


def fit_probe(
    train: Instances,
    validation: Instances,
    outputs: int,
    settings: Probe,
    seeds: Sequence[int],
    *,
    batch_norm: bool,
    device: str = "cpu",
) -> FittedProbe:
    """Train one MLP a seed on standardised features with Adam, and keep each one's best epoch.

    The loss is cross entropy for class numbers and binary cross entropy for tags. Each repeat stops after
    `settings.patience` epochs without a better validation loss and falls back to its best epoch; with a patience of
    `settings.epochs` or more there is no early stopping: `validation` is not looked at, the last epoch counts.

    On a CPU the repeats are shared out to torch's threads: layers are too small for several. Last digits depend on
    their number, and on the device.

    Args:
        device: auto | cpu | cuda.
    """
    where = pick_device(device)
    mean, std = _statistics(train.features_ND)

    def part(instances: Instances) -> _Part:
        features = _standardised(instances.features_ND, mean, std)
        return features.to(where), torch.from_numpy(instances.targets).to(where)

    seen, held_out = part(train), part(validation)
    sizes = [train.features_ND.shape[1], *settings.hidden, outputs]

    def fit(group: list[int]) -> Repeats:
        generators = [torch.Generator().manual_seed(seed) for seed in group]
        model = Repeats(sizes, settings.dropout, batch_norm, generators).to(where)
        return _fit(model, seen, held_out, settings)

    n_groups = min(len(seeds), torch.get_num_threads()) if where.type == "cpu" else 1
    groups = [group.tolist() for group in np.array_split(seeds, n_groups)]
    return FittedProbe([model for _, model in in_threads(fit, groups, len(groups))], mean, std)


def _fit(model: Repeats, seen: _Part, held_out: _Part, settings: Probe) -> Repeats:
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    stopping = _EarlyStopping(model, settings.patience) if settings.patience < settings.epochs else None
    for _ in range(settings.epochs):
        _train_epoch(model, optimizer, *seen, settings.batch_size)
        if stopping is not None and stopping.after_epoch(_losses(model, *held_out).cpu()):
            break
    if stopping is not None:
        model.load_state_dict(stopping.best)
    return model.eval()


def _statistics(features_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    std = features_ND.std(axis=0, keepdims=True)
    return features_ND.mean(axis=0, keepdims=True), np.where(std > 0, std, 1)


def _standardised(features_ND: np.ndarray, mean_1D: np.ndarray, std_1D: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(((features_ND - mean_1D) / std_1D).astype(np.float32))


def _train_epoch(
    model: Repeats, optimizer: torch.optim.Optimizer, x_ND: torch.Tensor, targets: torch.Tensor, batch_size: int
) -> None:
    """One pass over the instances, each repeat in its own order; a last batch of one, without variance, is left out."""
    model.train()
    orders_RN = torch.stack([torch.randperm(len(x_ND), generator=generator) for generator in model.generators])
    for chosen_RB in orders_RN.to(x_ND.device).split(batch_size, dim=1):
        if chosen_RB.shape[1] == 1 and len(x_ND) > 1:
            continue
        loss = _loss_per_repeat(model(_rows(x_ND, chosen_RB)), _rows(targets, chosen_RB)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _rows(values: torch.Tensor, chosen_RB: torch.Tensor) -> torch.Tensor:
    """The rows (r, b, ..) of `values` (n, ..) that each repeat chose: whole rows are copied faster than indexed."""
    return values.index_select(0, chosen_RB.flatten()).unflatten(0, chosen_RB.shape)


def _loss_per_repeat(logits_RBC: torch.Tensor, targets_RB: torch.Tensor) -> torch.Tensor:
    """The mean loss (r,) over a batch's instances, and over the tags where there are tags."""
    if targets_RB.dim() == 2:
        return F.cross_entropy(logits_RBC.transpose(1, 2), targets_RB, reduction="none").mean(dim=1)
    losses = F.binary_cross_entropy_with_logits(logits_RBC, targets_RB.float(), reduction="none")
    return losses.mean(dim=(1, 2))


def _losses(model: Repeats, x_ND: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The loss (r,) of each repeat over all instances of a part."""
    model.eval()
    total = torch.zeros(len(model.generators), device=x_ND.device)
    with torch.no_grad():
        for x_BD, targets_B in zip(x_ND.split(EVALUATION_ROWS), targets.split(EVALUATION_ROWS), strict=True):
            same_for_all = targets_B.expand(len(total), *targets_B.shape)
            total += _loss_per_repeat(_all_repeats(model, x_BD), same_for_all) * len(x_BD)
    return total / len(x_ND)


def _all_repeats(model: Repeats, x_BD: torch.Tensor) -> torch.Tensor:
    return model(x_BD.expand(len(model.generators), *x_BD.shape))


class _EarlyStopping:
    """Keeps each repeat's best state, as one state of the whole batched model."""

    def __init__(self, model: Repeats, patience: int):
        self.model, self.patience = model, patience
        repeats = len(model.generators)
        self.lowest = torch.full((repeats,), math.inf)
        self.waited = torch.zeros(repeats, dtype=torch.int64)
        self.best = copy.deepcopy(model.state_dict())

    def after_epoch(self, losses_R: torch.Tensor) -> bool:
        """Take in the validation losses (r,); true when no repeat may still improve."""
        better_R = (losses_R < self.lowest) & (self.waited < self.patience)
        self.lowest = torch.where(better_R, losses_R, self.lowest)
        self.waited = torch.where(better_R, 0, self.waited + (self.waited < self.patience).long())
        for name, value in self.model.state_dict().items():
            if value.dim() > 0:
                repeat_first = (len(losses_R), -1)
                kept = self.best[name].view(repeat_first)
                kept[better_R] = value.reshape(repeat_first)[better_R]
        return bool((self.waited >= self.patience).all())
