"""WARP on a GPU: a step a batch, whose interactions all see the same factors. It runs on a CPU too, for the tests.

Legend of the tensor suffixes: P interactions, B those of one batch, V those of them with a violating negative,
R those still without one, C candidate negatives, D dimension.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from tqdm import tqdm

from unisono.modalities.warp.factors import MAX_WEIGHT, Factors
from unisono.training.devices import one_thread

# Candidates are drawn in rounds: an interaction that is easily violated costs few scores, and what a round
# computes stays small enough for the processor's cache.
_ROUNDS = (4, 8, 14, 20, 26, 33)
# All updates of a batch start from the same factors; on little data a large batch would leave too few updates.
_MIN_STEPS_PER_EPOCH = 20


def fit_batched(
    interactions_UI: sparse.csr_matrix,
    dim: int,
    epochs: int,
    learning_rate: float,
    max_sampled: int,
    batch_size: int,
    seed: int,
    device: torch.device,
) -> Factors:
    """See `fit_warp`."""
    generator = torch.Generator(device).manual_seed(seed)
    user_P, item_P = (torch.from_numpy(a.astype(np.int64)).to(device) for a in interactions_UI.nonzero())
    weights = interactions_UI.data[interactions_UI.data != 0].astype(np.float32)
    weight_P = None if (weights == 1).all() else torch.from_numpy(weights).to(device)
    n_users, n_items = interactions_UI.shape
    sampler = _Sampler(user_P, item_P, n_items, max_sampled, generator)
    users, items = (_Adagrad.uniform(n, dim, generator) for n in (n_users, n_items))
    biases = _Adagrad(torch.zeros(n_items, 1, device=device))
    steps = min(len(user_P), max(_MIN_STEPS_PER_EPOCH, -(-len(user_P) // batch_size)))
    losses = []
    with one_thread():
        for _ in (progress := tqdm(range(epochs), desc="WARP", unit="epoch")):
            loss = torch.zeros((), dtype=torch.float64, device=device)
            for batch_B in torch.randperm(len(user_P), generator=generator, device=device).tensor_split(steps):
                weight_B = None if weight_P is None else weight_P[batch_B]
                loss += _step(users, items, biases, sampler, user_P[batch_B], item_P[batch_B], weight_B, learning_rate)
            losses.append(float(loss) / len(user_P))
            progress.set_postfix(loss=f"{losses[-1]:.4f}")
    users_UD, items_ID, biases_I1 = (rows.values.cpu().numpy() for rows in (users, items, biases))
    return Factors(users_UD, items_ID, biases_I1[:, 0], losses)


class _Adagrad:
    """Rows of values, updated sparsely; gradients of a row that occurs more than once in a batch are summed first."""

    def __init__(self, values: Tensor) -> None:
        self.values = values
        self.squares = torch.ones_like(values)

    @classmethod
    def uniform(cls, n: int, dim: int, generator: torch.Generator) -> "_Adagrad":
        return cls((torch.rand(n, dim, generator=generator, device=generator.device) - 0.5) / dim)

    def step(self, rows: Tensor, gradients: Tensor, learning_rate: float) -> None:
        unique_rows, position = rows.unique(return_inverse=True)
        total = gradients.new_zeros(len(unique_rows), gradients.shape[1])
        with _deterministic():
            total.index_add_(0, position, gradients)
        squares = self.squares.index_select(0, unique_rows).addcmul_(total, total)
        self.squares.index_copy_(0, unique_rows, squares)
        values = self.values.index_select(0, unique_rows).addcdiv_(total, squares.sqrt(), value=-learning_rate)
        self.values.index_copy_(0, unique_rows, values)


@dataclass(frozen=True)
class _Violations:
    """The interactions of a batch that have a violating negative: their places in it, the negative and the draws."""

    place_V: Tensor
    negative_V: Tensor
    draws_V: Tensor


class _Sampler:
    """Draws negatives, uniformly over the items that are not the user's own."""

    def __init__(
        self, user_P: Tensor, item_P: Tensor, n_items: int, max_sampled: int, generator: torch.Generator
    ) -> None:
        self.n_items = n_items
        self.generator = generator
        self.code_P = (user_P * n_items + item_P).sort().values
        self.bounds = [0, *(n for n in _ROUNDS if n < max_sampled), max_sampled]

    def violations(
        self, user_B: Tensor, query_BD: Tensor, score_B: Tensor, items: Tensor, biases: Tensor
    ) -> _Violations:
        """The first drawn negative of each interaction that scores above the positive less the margin."""
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        place_R = torch.arange(len(user_B), device=user_B.device)
        for start, stop in pairwise(self.bounds):
            drawn_RC = torch.randint(
                self.n_items, (len(place_R), stop - start), generator=self.generator, device=user_B.device
            )
            candidate_RCD = items.index_select(0, drawn_RC.view(-1)).view(*drawn_RC.shape, -1)
            # In place: this is where the time goes, and a second temporary of its size would double it.
            score_RC = candidate_RCD.mul_(query_BD.index_select(0, place_R).unsqueeze(1)).sum(2)
            score_RC += biases.index_select(0, drawn_RC.view(-1)).view_as(drawn_RC)
            violates_RC = score_RC > (score_B[place_R] - 1).unsqueeze(1)
            row, column = violates_RC.nonzero(as_tuple=True)
            violates_RC[row, column] = ~self._is_positive(user_B[place_R[row]], drawn_RC[row, column])
            violated_R, first_R = violates_RC.max(dim=1)
            negative_R = drawn_RC.gather(1, first_R.unsqueeze(1)).squeeze(1)
            found.append((place_R[violated_R], negative_R[violated_R], start + 1 + first_R[violated_R]))
            place_R = place_R[~violated_R]
            if len(place_R) == 0:
                break
        return _Violations(*(torch.cat(column) for column in zip(*found, strict=True)))

    def _is_positive(self, user: Tensor, item: Tensor) -> Tensor:
        code = user * self.n_items + item
        position = torch.searchsorted(self.code_P, code).clamp_(max=len(self.code_P) - 1)
        return self.code_P[position] == code


def _step(
    users: _Adagrad,
    items: _Adagrad,
    biases: _Adagrad,
    sampler: _Sampler,
    user_B: Tensor,
    item_B: Tensor,
    weight_B: Tensor | None,
    learning_rate: float,
) -> Tensor:
    """One update of all factors; returns the batch's summed loss."""
    query_BD, positive_BD = users.values.index_select(0, user_B), items.values.index_select(0, item_B)
    score_B = (query_BD * positive_BD).sum(1) + biases.values[item_B, 0]
    found = sampler.violations(user_B, query_BD, score_B, items.values, biases.values)
    v, negative_V = found.place_V, found.negative_V
    query_VD, positive_VD = query_BD.index_select(0, v), positive_BD.index_select(0, v)
    negative_VD = items.values.index_select(0, negative_V)
    rank_V = torch.div(sampler.n_items - 1, found.draws_V, rounding_mode="floor").clamp(min=1)
    log_rank_V = rank_V.float().log()
    if weight_B is not None:
        log_rank_V *= weight_B[v]
    weight_V1 = log_rank_V.clamp(max=MAX_WEIGHT).unsqueeze(1)
    hinge_V = 1 - score_B[v] + (query_VD * negative_VD).sum(1) + biases.values[negative_V, 0]

    pair_2V = torch.cat([item_B[v], negative_V])
    users.step(user_B[v], weight_V1 * (negative_VD - positive_VD), learning_rate)
    items.step(pair_2V, torch.cat([-weight_V1 * query_VD, weight_V1 * query_VD]), learning_rate)
    biases.step(pair_2V, torch.cat([-weight_V1, weight_V1]), learning_rate)
    return (weight_V1[:, 0] * hinge_V).sum(dtype=torch.float64)


@contextmanager
def _deterministic() -> Iterator[None]:
    """Without it CUDA adds the gradients of a row in any order."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
