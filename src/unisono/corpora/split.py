"""Training, validation and test parts of a catalogue, stratified by its (multi-label) genres."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.preprocessing import MultiLabelBinarizer
from skmultilearn.model_selection import IterativeStratification

from unisono.corpora.artist_split import deal_groups
from unisono.corpora.labels import PARTS
from unisono.errors import UserError

# Tracks without a genre are shared out like those of one more genre. No reader returns this name: a NUL is not text.
_NO_GENRE = "\0"


def stratified_split(
    labels: pd.Series, validation: float, test: float, seed: int, groups_N: np.ndarray | None = None
) -> pd.DataFrame:
    """Split tracks so that every part has its share of every genre.

    Iterative stratification (Sechidis et al. 2011) takes time quadratic in the number of tracks. Tracks with the same
    set of genres are therefore dealt out proportionally first, and only what the rounding down leaves over is
    stratified. Exchanges of single tracks then bring the parts to their exact sizes and the genres nearer to theirs.

    Args:
        labels: list[str] of genres, which may be empty, by track_id.
        validation: share of the tracks in the validation part.
        test: share of the tracks in the test part; the rest is the training part.
        seed: decides which of the tracks with the same genres go where.
        groups_N: numbers of groups of tracks that stay together, from 0; by default each is by itself. Then sizes and
            genres come only as near to their shares as the groups allow; see `deal_groups`.

    Returns:
        columns track_id and split (train | validation | test), in the order of `labels`.

    Raises:
        UserError: a part would be empty, or a group is larger than any part.
    """
    split = _deal(labels, {"train": 1 - validation - test, "validation": validation, "test": test}, seed, groups_N)
    return pd.DataFrame({"track_id": labels.index, "split": split})


def fold_split(
    labels: pd.Series, folds: int, fold: int, validation: float, seed: int, groups_N: np.ndarray | None = None
) -> pd.DataFrame:
    """One of `folds` splits, 0 to folds - 1, which together test each track exactly once.

    The test part is a fold of one partition into folds of the same size. The validation part, a share of all tracks, is
    drawn from the others, so that as many are left to train on as the shares allow. Both are stratified as
    `stratified_split` is, whose further arguments, result and errors these are.
    """
    names = [f"fold {number}" for number in range(folds)]
    in_test = _deal(labels, dict.fromkeys(names, 1 / folds), seed, groups_N) == names[fold]
    held_out = validation * folds / (folds - 1)
    others = None if groups_N is None else pd.factorize(groups_N[~in_test])[0]
    split = np.full(len(labels), "test", dtype=object)
    split[~in_test] = _deal(labels[~in_test], {"train": 1 - held_out, "validation": held_out}, seed, others)
    return pd.DataFrame({"track_id": labels.index, "split": split})


def split_metrics(labels: pd.Series, split: pd.DataFrame, validation: float, test: float) -> dict[str, Any]:
    """Sizes and shares of the parts, and how far each genre is from them.

    Args:
        labels: list[str] of genres by track_id, as given to `stratified_split`.
        split: what `stratified_split` returned.
    """
    target = pd.Series([1 - validation - test, validation, test], index=list(PARTS))
    part = split.set_index("track_id")["split"]
    sizes = part.value_counts().reindex(PARTS, fill_value=0)
    genres = labels.map(lambda names: sorted(set(names))).explode().dropna()
    tracks = pd.crosstab(genres.to_numpy(), part[genres.index].to_numpy()).reindex(columns=PARTS, fill_value=0)
    n_tracks = tracks.sum(axis=1)
    shares = tracks.div(n_tracks, axis=0)
    deviation = shares.sub(target).abs().max(axis=1)
    return {
        "sizes": {name: int(sizes[name]) for name in PARTS},
        "shares": {name: float(sizes[name] / len(split)) for name in PARTS},
        "tracks_without_genre": int((labels.map(len) == 0).sum()),
        "genres": {
            "n": len(tracks),
            "deviation": {"max": float(deviation.max()), "mean": float(deviation.mean())} if len(tracks) else {},
            "each": {
                str(name): {"tracks": int(n), "deviation": float(farthest), **dict(zip(PARTS, share, strict=True))}
                for name, n, farthest, share in zip(
                    tracks.index, n_tracks, deviation, shares.to_numpy().tolist(), strict=True
                )
            },
        },
    }


def _deal(labels: pd.Series, shares: dict[str, float], seed: int, groups_N: np.ndarray | None) -> np.ndarray:
    """The name of each track's part, by the parts' shares of the tracks."""
    if groups_N is not None:
        return deal_groups(labels, groups_N, shares, seed)
    shares_P = np.array(list(shares.values()))
    sizes_P = _largest_remainder(len(labels) * shares_P)
    for (part, share), size in zip(shares.items(), sizes_P, strict=True):
        if size == 0:
            raise UserError(
                f"split: the {part} part of {len(labels)} tracks would be empty (its share is {share:g});"
                " every part needs a track: use a larger catalogue, or other shares or fewer folds in params.split"
            )
    sets = labels.map(lambda genres: tuple(sorted(set(genres))) or (_NO_GENRE,))
    set_of_track, label_sets = pd.factorize(sets)
    genres_SG = MultiLabelBinarizer(sparse_output=True).fit_transform(label_sets).astype(np.int64).tocsr()
    counts_SP = _counts(genres_SG, np.bincount(set_of_track), shares_P, sizes_P, seed)
    return _hand_out(set_of_track, counts_SP, list(shares), seed)


def _counts(
    genres_SG: sparse.csr_matrix, tracks_S: np.ndarray, shares_P: np.ndarray, sizes_P: np.ndarray, seed: int
) -> np.ndarray:
    """How many tracks of each label set S go into each part P."""
    target_GP = np.outer(genres_SG.T @ tracks_S, shares_P)
    # The small number keeps 10 * 0.1 from being rounded down to 0.
    counts_SP = np.floor(tracks_S[:, None] * shares_P + 1e-9).astype(np.int64)
    remainder_R = np.repeat(np.arange(len(tracks_S)), tracks_S - counts_SP.sum(axis=1))
    if len(remainder_R):
        np.random.default_rng(seed).shuffle(remainder_R)
        wanted_P = np.maximum(sizes_P - counts_SP.sum(axis=0), 0)
        if len(remainder_R) < len(wanted_P):  # fewer than scikit-multilearn splits
            part_R = np.repeat(np.arange(len(wanted_P)), wanted_P)[: len(remainder_R)]
        else:
            part_R = _stratify(genres_SG[remainder_R], wanted_P / wanted_P.sum(), seed)
        np.add.at(counts_SP, (remainder_R, part_R), 1)
    return _exchange(counts_SP, genres_SG, target_GP, sizes_P)


def _stratify(genres_RG: sparse.csr_matrix, shares_P: np.ndarray, seed: int) -> np.ndarray:
    """The part of each row R, by scikit-multilearn."""
    # It breaks ties with numpy's global generator, which is not ours to seed; shares that differ a little never tie.
    distinct_P = shares_P + 1e-9 * np.random.default_rng(seed).permutation(len(shares_P))
    folds = IterativeStratification(len(shares_P), order=1, sample_distribution_per_fold=distinct_P.tolist())
    part_R = np.empty(genres_RG.shape[0], dtype=np.int64)
    for part, (_, rows) in enumerate(folds.split(part_R, genres_RG)):
        part_R[rows] = part
    return part_R


def _exchange(
    counts_SP: np.ndarray, genres_SG: sparse.csr_matrix, target_GP: np.ndarray, sizes_P: np.ndarray
) -> np.ndarray:
    """Move single tracks to exact part sizes, then swap pairs while the genres come nearer to their targets.

    The distance is Pearson's chi-squared: squared excess over the genre's number of tracks, summed.
    """
    counts_SP = counts_SP.copy()
    weight_G = 1 / target_GP.sum(axis=1)
    excess_GP = genres_SG.T @ counts_SP - target_GP
    pairs = [(a, b) for a in range(len(sizes_P)) for b in range(len(sizes_P)) if a != b]

    def cost_of_move(a: int, b: int) -> np.ndarray:
        cost_S = genres_SG @ (weight_G * (1 - excess_GP[:, a] + excess_GP[:, b]))
        return np.where(counts_SP[:, a] > 0, cost_S, np.inf)

    def move(label_set: int, a: int, b: int) -> None:
        counts_SP[label_set, a] -= 1
        counts_SP[label_set, b] += 1
        genres = genres_SG[label_set].indices
        excess_GP[genres, a] -= 1
        excess_GP[genres, b] += 1

    while (surplus_P := counts_SP.sum(axis=0) - sizes_P).any():
        a, b = int(surplus_P.argmax()), int(surplus_P.argmin())
        move(int(cost_of_move(a, b).argmin()), a, b)
    while True:
        costs = {pair: cost_of_move(*pair) for pair in pairs}
        a, b = min(pairs, key=lambda pair: costs[pair].min() + costs[pair[::-1]].min())
        # Tracks that share a genre cost even less to swap than the two moves' sum: each swap is a gain, so this ends.
        if costs[a, b].min() + costs[b, a].min() > -1e-9:
            return counts_SP
        there, back = int(costs[a, b].argmin()), int(costs[b, a].argmin())
        move(there, a, b)
        move(back, b, a)


def _hand_out(set_of_track: np.ndarray, counts_SP: np.ndarray, parts: list[str], seed: int) -> np.ndarray:
    """The part's name for each track: those of a label set in random order, as many as `counts_SP` says."""
    shuffled = np.random.default_rng(seed).permutation(len(set_of_track))
    by_set = shuffled[np.argsort(set_of_track[shuffled], kind="stable")]
    part = np.empty(len(set_of_track), dtype=object)
    part[by_set] = np.repeat(np.tile(np.array(parts, dtype=object), len(counts_SP)), counts_SP.ravel())
    return part


def _largest_remainder(wanted: np.ndarray) -> np.ndarray:
    """Round numbers with a whole sum so that the sum stays."""
    rounded = np.floor(wanted + 1e-9).astype(np.int64)
    short = round(wanted.sum()) - rounded.sum()
    rounded[np.argsort(rounded - wanted, kind="stable")[:short]] += 1
    return rounded
