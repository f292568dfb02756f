"""WARP on both kinds of device, against LightFM, autograd and each other; the batches of a GPU are tried on the CPU."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from generated_playlists import hide, matrix, playlists, recall_and_ndcg
from lightfm import LightFM
from scipy import sparse

from unisono.modalities.warp.batched import fit_batched
from unisono.modalities.warp.factors import Factors
from unisono.modalities.warp.fit import fit_warp

CPU = torch.device("cpu")
BATCH = 2048
Fit = Callable[..., Factors]


def sequential(
    train: sparse.csr_matrix, dim: int, epochs: int, max_sampled: int, seed: int, rate: float = 0.05
) -> Factors:
    return fit_warp(
        train, dim=dim, epochs=epochs, learning_rate=rate, max_sampled=max_sampled, batch_size=1, seed=seed, device=CPU
    )


def batched(
    train: sparse.csr_matrix, dim: int, epochs: int, max_sampled: int, seed: int, rate: float = 0.05
) -> Factors:
    return fit_batched(train, dim, epochs, rate, max_sampled, BATCH, seed, CPU)


def lightfm(train: sparse.csr_matrix, dim: int, epochs: int, max_sampled: int, seed: int) -> Factors:
    model = LightFM(no_components=dim, loss="warp", learning_rate=0.05, max_sampled=max_sampled, random_state=seed).fit(
        train.tocoo(), epochs=epochs, num_threads=1
    )
    return Factors(model.user_embeddings, model.item_embeddings, model.item_biases)


both = pytest.mark.parametrize("fit", [sequential, batched])


@pytest.mark.parametrize("n_playlists, n_songs, n_seeds", [(500, 800, 3), (210, 147, 8)])
def test_held_out_quality_is_at_least_lightfms_and_alike_on_both_devices(
    n_playlists: int, n_songs: int, n_seeds: int
) -> None:
    """Within two standard errors of the difference of the means; the small one is little data for a large batch."""
    interactions = matrix(playlists(n_playlists, n_songs, seed=1), n_songs)
    k = min(100, n_songs // 4)
    scores: dict[str, list[list[float]]] = {"sequential": [], "batched": [], "lightfm": []}
    for seed in range(n_seeds):
        train, hidden = hide(interactions, seed)
        for fit in (sequential, batched, lightfm):
            scores[fit.__name__].append(recall_and_ndcg(fit(train, 32, 15, 20, seed), train, hidden, k))
    mean = {name: np.mean(found, axis=0) for name, found in scores.items()}
    variance = {name: np.var(found, axis=0, ddof=1) for name, found in scores.items()}
    for name in ("sequential", "batched"):
        standard_error = np.sqrt((variance[name] + variance["lightfm"]) / n_seeds)
        assert (mean[name] - mean["lightfm"] >= -2 * standard_error).all(), scores
    assert mean["sequential"] == pytest.approx(mean["batched"], abs=0.03), scores


def everything(factors: Factors) -> tuple:
    arrays = (factors.users_UD, factors.items_ID, factors.biases_I)
    return (*(array.tobytes() for array in arrays), *factors.losses)


@both
def test_one_seed_has_one_result(fit: Fit) -> None:
    train = matrix(playlists(60, 150, seed=2), 150)
    assert everything(fit(train, 8, 2, 10, 0)) == everything(fit(train, 8, 2, 10, 0))
    assert everything(fit(train, 8, 2, 10, 0)) != everything(fit(train, 8, 2, 10, 1))


@both
def test_a_stored_zero_is_no_interaction(fit: Fit) -> None:
    train = matrix(playlists(60, 150, seed=2), 150)
    padded = train.copy()
    padded.data[::3] = 0
    without = padded.copy()
    without.eliminate_zeros()
    assert everything(fit(padded, 8, 2, 10, 0)) == everything(fit(without, 8, 2, 10, 0))
    assert padded.nnz == train.nnz, "what was passed in stays as it was"


@both
def test_only_what_is_not_the_users_own_is_a_negative(fit: Fit) -> None:
    """A user has all items but two, kept in any order: their biases alone go down."""
    items = np.random.default_rng(0).permutation(np.delete(np.arange(300), [7, 299])).astype(np.int32)
    train = sparse.csr_matrix((np.ones(len(items), np.float32), items, [0, len(items)]), shape=(1, 300))
    after = fit(train, 4, 3, 100, 0)
    assert np.flatnonzero(after.biases_I < 0).tolist() == [7, 299]


@both
def test_a_user_of_every_item_has_no_negatives(fit: Fit) -> None:
    before, after = (fit(sparse.csr_matrix(np.ones((1, 3), np.float32)), 4, epochs, 10, 0) for epochs in (0, 2))
    assert after.losses == [0.0, 0.0]
    assert everything(after)[:3] == everything(before)[:3]


@both
@pytest.mark.parametrize("weight", [0.01, 1.2, 2.5])
def test_a_step_is_autograds_and_adagrads(fit: Fit, weight: float) -> None:
    """Of 1,000 items the first draw violates; LightFM's weight is weight * log(999), at most 10."""
    interactions = sparse.csr_matrix(([np.float32(weight)], ([0], [0])), shape=(1, 1000))
    before, after = (fit(interactions, 4, epochs, 1, 0, rate=0.5) for epochs in (0, 1))
    negative = int(after.biases_I.argmin())
    tensors = [torch.tensor(a, requires_grad=True) for a in (before.users_UD, before.items_ID, before.biases_I)]
    users_UD, items_ID, biases_I = tensors
    score_I = users_UD[0] @ items_ID.T + biases_I
    loss = min(10, weight * np.log(999)) * (1 - score_I[0] + score_I[negative])
    loss.backward()
    torch.optim.Adagrad(tensors, lr=0.5, initial_accumulator_value=1).step()
    for expected, found in zip(tensors, (after.users_UD, after.items_ID, after.biases_I), strict=True):
        np.testing.assert_allclose(found, expected.detach(), rtol=1e-5, atol=1e-7)
    assert after.losses == [pytest.approx(loss.item(), rel=1e-5)]


def test_numba_is_imported_for_a_fit_on_a_cpu_alone() -> None:
    code = "import sys, unisono.modalities.factorize, unisono.modalities.warp.batched; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
