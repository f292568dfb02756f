"""Collaborative factors: WARP against LightFM, and what all three models share."""

import numpy as np
import pandas as pd
import pytest
import torch
from lightfm import LightFM
from scipy import sparse

from unisono.modalities.factorize import factorize
from unisono.modalities.warp import Factors, fit_warp
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


def playlists(n_playlists: int, n_songs: int, seed: int, n_styles: int = 20) -> pd.Series:
    """Playlists of listeners who like a few styles, with popularity skew; the last ten songs are in none."""
    rng = np.random.default_rng(seed)
    style = rng.integers(n_styles, size=n_songs)
    popularity = rng.zipf(1.6, n_songs).clip(max=200).astype(float)
    popularity[-10:] = 0
    lists = []
    for _ in range(n_playlists):
        taste = rng.dirichlet(np.full(n_styles, 0.05))
        weight = popularity * (taste[style] + 0.05 / n_styles)
        length = int(np.clip(rng.lognormal(np.log(25), 0.6), 3, n_songs // 3))
        lists.append([f"song{i}" for i in rng.choice(n_songs, size=length, replace=False, p=weight / weight.sum())])
    return pd.Series(lists)


def songs(n: int) -> list[str]:
    return [f"song{i}" for i in range(n)]


def matrix(lists: pd.Series, n_songs: int) -> sparse.csr_matrix:
    pairs = lists.explode().str.removeprefix("song").astype(int)
    return sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs.index, pairs)), shape=(len(lists), n_songs))


def hide(interactions_UI: sparse.csr_matrix, seed: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    hidden = np.random.default_rng(seed).random(interactions_UI.nnz) < 0.1
    train = interactions_UI.copy()
    train.data[hidden] = 0
    train.eliminate_zeros()
    return train, (interactions_UI - train).toarray() > 0


def recall_and_ndcg(factors: Factors, train: sparse.csr_matrix, hidden_UI: np.ndarray, k: int = 100) -> list[float]:
    """By brute force: recall summed over users, and nDCG, averaged over users with hidden items."""
    score_UI = factors.users_UD @ factors.items_ID.T + factors.biases_I
    score_UI[train.toarray() > 0] = -np.inf
    hits_UK = np.take_along_axis(hidden_UI, np.argsort(-score_UI, axis=1)[:, :k], axis=1)
    n_U = np.minimum(hidden_UI.sum(axis=1), k)
    discount_K = 1 / np.log2(np.arange(2, k + 2))
    ideal_U = np.concatenate([[np.inf], discount_K.cumsum()])[n_U]
    return [hits_UK.sum() / n_U.sum(), ((hits_UK @ discount_K) / ideal_U)[n_U > 0].mean()]


def lightfm(train: sparse.csr_matrix, dim: int, epochs: int, max_sampled: int, seed: int) -> Factors:
    model = LightFM(no_components=dim, loss="warp", learning_rate=0.05, max_sampled=max_sampled, random_state=seed).fit(
        train.tocoo(), epochs=epochs, num_threads=1
    )
    return Factors(model.user_embeddings, model.item_embeddings, model.item_biases)


def warp(train: sparse.csr_matrix, dim: int, epochs: int, max_sampled: int, seed: int) -> Factors:
    return fit_warp(
        train,
        dim=dim,
        epochs=epochs,
        learning_rate=0.05,
        max_sampled=max_sampled,
        batch_size=2048,
        seed=seed,
        device=CPU,
    )


@pytest.mark.parametrize("n_playlists, n_songs, n_seeds", [(500, 800, 3), (210, 147, 8)])
def test_held_out_quality_is_at_least_lightfms(n_playlists: int, n_songs: int, n_seeds: int) -> None:
    """Within two standard errors of the difference of the means; the small one is little data for a large batch."""
    interactions = matrix(playlists(n_playlists, n_songs, seed=1), n_songs)
    k = min(100, n_songs // 4)
    scores: dict[str, list[list[float]]] = {"ours": [], "lightfm": []}
    for seed in range(n_seeds):
        train, hidden = hide(interactions, seed)
        scores["ours"].append(recall_and_ndcg(warp(train, 32, 15, 20, seed), train, hidden, k))
        scores["lightfm"].append(recall_and_ndcg(lightfm(train, 32, 15, 20, seed), train, hidden, k))
    ours, oracle = np.array(scores["ours"]), np.array(scores["lightfm"])
    standard_error = np.sqrt((ours.var(axis=0, ddof=1) + oracle.var(axis=0, ddof=1)) / n_seeds)
    assert (ours.mean(axis=0) - oracle.mean(axis=0) >= -2 * standard_error).all(), scores


def test_held_out_metrics_equal_a_brute_force_loop() -> None:
    lists = playlists(60, 150, seed=2)
    result = factorize(lists, songs(150), PARAMS)
    assert set(result.held_out) == {"recall@100", "ndcg@100", "map@100"}
    known = np.flatnonzero(matrix(lists, 150).getnnz(axis=0))
    interactions = matrix(lists, 150)[:, known]
    hidden = np.zeros(interactions.nnz, dtype=bool)
    hidden[np.random.default_rng(0).permutation(len(hidden))[: result.n_hidden]] = True
    row, column = interactions.nonzero()
    train = sparse.csr_matrix((np.ones((~hidden).sum()), (row[~hidden], column[~hidden])), shape=interactions.shape)
    hidden_UI = (interactions - train).toarray() > 0
    recall, ndcg = recall_and_ndcg(warp(train, PARAMS.dim, PARAMS.epochs, PARAMS.max_sampled, 0), train, hidden_UI)
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


@pytest.mark.parametrize("weight", [0.01, 1.2, 2.5])
def test_a_weight_scales_the_step_as_in_lightfm(weight: float) -> None:
    """The bias after a step of Adagrad: of 1,000 items the first draw violates, and weight * log(999) is at most 10."""
    interactions = sparse.csr_matrix(([np.float32(weight)], ([0], [0])), shape=(1, 1000))
    after = fit_warp(interactions, dim=4, epochs=1, learning_rate=1.0, max_sampled=1, batch_size=1, seed=0, device=CPU)
    gradient = min(10, weight * np.log(999))
    assert after.biases_I[0] == pytest.approx(gradient / np.sqrt(1 + gradient**2), rel=1e-5)


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
