"""Collaborative factors: what all three models share."""

import numpy as np
import pandas as pd
import pytest
import torch
from generated_playlists import matrix, playlists, recall_and_ndcg, songs
from scipy import sparse

from unisono.modalities.factorize import factorize
from unisono.modalities.warp.factors import Factors
from unisono.modalities.warp.fit import fit_warp
from unisono.params import CF

PARAMS = CF(
    model="warp",
    dim=16,
    epochs=10,
    learning_rate=0.05,
    max_sampled=10,
    batch_size=2048,
    holdout=0.1,
    seed=0,
)
CPU = torch.device("cpu")


@pytest.mark.parametrize(("n_playlists", "epochs"), [(60, 10), (12_000, 1)])
def test_held_out_metrics_equal_a_brute_force_loop(n_playlists: int, epochs: int) -> None:
    """Over all playlists, or 10,000 of those that hide a song."""
    lists, params = playlists(n_playlists, 150, seed=2), PARAMS.model_copy(update={"epochs": epochs})
    result = factorize(lists, songs(150), params)
    assert set(result.held_out) == {"recall@100", "ndcg@100", "map@100"}
    known = np.flatnonzero(matrix(lists, 150).getnnz(axis=0))
    interactions = matrix(lists, 150)[:, known]
    hidden = np.zeros(interactions.nnz, dtype=bool)
    hidden[np.random.default_rng(0).permutation(len(hidden))[: result.n_hidden]] = True
    row, column = interactions.nonzero()
    train = sparse.csr_matrix((np.ones((~hidden).sum()), (row[~hidden], column[~hidden])), shape=interactions.shape)
    hidden_UI = (interactions - train).toarray() > 0
    factors = fit_warp(train, **params.model_dump(exclude={"model", "holdout", "count_power"}), device=CPU)
    hiding = np.flatnonzero(hidden_UI.any(axis=1))
    drawn = np.random.default_rng(0).choice(hiding, min(10_000, len(hiding)), replace=False)
    measured = Factors(factors.users_UD[drawn], factors.items_ID, factors.biases_I)
    recall, ndcg = recall_and_ndcg(measured, train[drawn], hidden_UI[drawn])
    assert result.held_out["recall@100"] == pytest.approx(recall, abs=1e-6)
    assert result.held_out["ndcg@100"] == pytest.approx(ndcg, abs=1e-6)


@pytest.mark.parametrize("model", ["warp", "bpr", "als"])
def test_each_model_learns_and_repeats_itself(model: str) -> None:
    lists = playlists(200, 300, seed=3)
    params = PARAMS.model_copy(update={"model": model})
    first, second = (factorize(lists, songs(300), params) for _ in range(2))
    assert first.factors_ND.tobytes() == second.factors_ND.tobytes()
    assert first.biases_N.tobytes() == second.biases_N.tobytes()
    assert (first.losses, first.held_out) == (second.losses, second.held_out)
    assert first.factors_ND.shape == (300, 16)
    assert first.factors_ND.dtype == np.float32
    assert first.held_out["recall@100"] > 1.3 * 100 / 290
    assert len(first.losses) == (0 if model == "bpr" else PARAMS.epochs)
    assert not first.losses or first.losses[-1] < first.losses[0]


def test_songs_in_no_playlist_have_zero_vectors_and_are_counted() -> None:
    lists = playlists(100, 120, seed=4)
    result = factorize(lists, [*songs(120), "unheard"], PARAMS)
    missing = sorted({*songs(120), "unheard"} - set(lists.explode()))
    rows = [result.track_ids.index(track) for track in missing]
    assert result.n_without_interactions == len(missing) >= 11
    assert not result.factors_ND[rows].any()
    assert not result.biases_N[rows].any()
    others = np.delete(result.factors_ND, rows, axis=0)
    assert np.linalg.norm(others, axis=1).min() > 0


def test_unknown_repeated_and_missing_songs() -> None:
    clean = pd.Series([["a", "b"], ["b", "c"], ["a", "c", "d"]], index=["x", "y", "z"])
    messy = pd.Series(
        [np.array(["b", "a", "b", "elsewhere"], dtype=object), [], ["elsewhere"], ["b", "c"], ["d", "c", "a"]]
    )
    params = PARAMS.model_copy(update={"holdout": 0.0})
    first, second = (factorize(lists, list("abcd"), params) for lists in (clean, messy))
    assert first.factors_ND.tobytes() == second.factors_ND.tobytes()
    assert (second.n_playlists, second.n_interactions, second.n_hidden, second.held_out) == (3, 7, 0, {})


def test_the_held_out_fit_leaves_the_exported_factors_alone() -> None:
    lists = playlists(60, 100, seed=5)
    with_holdout = factorize(lists, songs(100), PARAMS)
    without = factorize(lists, songs(100), PARAMS.model_copy(update={"holdout": 0.0}))
    assert with_holdout.factors_ND.tobytes() == without.factors_ND.tobytes()


def test_a_playlist_of_every_song_has_no_negatives() -> None:
    result = factorize(pd.Series([["a", "b", "c"]]), ["a", "b", "c"], PARAMS.model_copy(update={"holdout": 0.0}))
    assert result.losses == [0.0] * PARAMS.epochs
    assert np.isfinite(result.factors_ND).all()


def test_threads_and_determinism_settings_are_put_back() -> None:
    threads = torch.get_num_threads()
    factorize(playlists(20, 60, seed=6), songs(60), PARAMS)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("model", ["warp", "als"])
def test_equal_counts_and_a_power_of_0_change_no_byte(model: str) -> None:
    lists = playlists(100, 150, seed=8)
    params, weighted = (PARAMS.model_copy(update={"model": model, "count_power": power}) for power in (0.0, 0.7))
    plain = factorize(lists, songs(150), params)
    rng = np.random.default_rng(0)
    some = lists.map(lambda songs: rng.exponential(9, len(songs)))
    for counts, chosen in ((some, params), (lists.map(lambda songs: [3.0] * len(songs)), weighted)):
        found = factorize(lists, songs(150), chosen, counts=counts)
        assert found.factors_ND.tobytes() == plain.factors_ND.tobytes() and found.held_out == plain.held_out
    assert factorize(lists, songs(150), weighted, counts=some).factors_ND.tobytes() != plain.factors_ND.tobytes()


@pytest.mark.parametrize("model", ["warp", "als"])
def test_counts_tell_taste_from_noise(model: str) -> None:
    """Half of what is in a playlist is drawn from all songs and was played once, the other half 20 times."""
    rng = np.random.default_rng(0)
    lists, counts, hidden = [], [], []
    for user in range(150):
        own, others = rng.permutation(20) + 20 * (user % 10), rng.choice(200, 12, replace=False)
        songs_of = [*own[:12], *(song for song in others if song not in own)]
        lists.append([f"song{song}" for song in songs_of])
        counts.append([20.0] * 12 + [1.0] * (len(songs_of) - 12))
        hidden.append(own[12:])

    def recall(power: float) -> float:
        params = PARAMS.model_copy(update={"model": model, "count_power": power, "holdout": 0.0})
        found = factorize(pd.Series(lists), songs(200), params, counts=pd.Series(counts))
        vectors_ND = found.factors_ND / np.linalg.norm(found.factors_ND, axis=1, keepdims=True)
        scores = []
        for listed, wanted in zip(lists, hidden, strict=True):
            known = [int(song.removeprefix("song")) for song in listed]
            score_N = vectors_ND @ (vectors_ND[known].sum(axis=0))
            score_N[known] = -np.inf
            scores.append(np.isin(np.argsort(-score_N)[:8], wanted).mean())
        return float(np.mean(scores))

    assert recall(1.0) > recall(0.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_repeats_itself() -> None:
    lists = playlists(200, 300, seed=7)
    first, second = (factorize(lists, songs(300), PARAMS, torch.device("cuda")) for _ in range(2))
    assert first.factors_ND.tobytes() == second.factors_ND.tobytes()


@pytest.mark.parametrize("lists", [[], [["x"], []], [["a"], ["a", "x"]]])
def test_nothing_to_factorise(lists: list[list[str]]) -> None:
    result = factorize(pd.Series(lists, dtype=object), ["a", "b"], PARAMS)
    assert result.factors_ND.shape == (2, PARAMS.dim) and not result.factors_ND.any()
    assert result.n_interactions == 0 and result.n_without_interactions == 2
