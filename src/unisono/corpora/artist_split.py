"""Parts that share no artist: tracks of one artist, or of artists who play together, stay together.

Shapes: N tracks, A groups of them, G genres (and one more that all tracks have), P parts.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack
from scipy.sparse.csgraph import connected_components
from sklearn.preprocessing import MultiLabelBinarizer

from unisono.errors import UserError


def artist_groups(artists: pd.Series) -> np.ndarray:
    """Which tracks belong together: the number (N,) of each track's group, by list[str] of artists a track.

    Two tracks are of one group if they share an artist, directly or over others: if A plays with B on one track, all
    tracks of A and of B are of one group. A track without an artist is a group of its own.

    Raises:
        UserError: no track has an artist.
    """
    credits = artists.reset_index(drop=True).explode().dropna()
    if credits.empty:
        raise UserError(
            f"split.by is artist, but none of the {len(artists)} tracks has an artist; add artists (docs/data.md), or"
            " set it to track"
        )
    artist_of, names = pd.factorize(credits)
    n, size = len(artists), len(artists) + len(names)
    graph = csr_matrix((np.ones(len(credits), np.int8), (credits.index, n + artist_of)), shape=(size, size))
    _, group_of = connected_components(graph, directed=False)
    return pd.factorize(group_of[:n])[0]


def deal_groups(labels: pd.Series, groups_N: np.ndarray, shares: Mapping[str, float], seed: int) -> np.ndarray:
    """The name of each track's part: whole groups, so that the parts' sizes and genres come as near as they allow.

    The groups are dealt out one by one, the largest first and those of a size in random order, each to the part where
    it lessens Pearson's chi-squared of the genres, and of the number of tracks, the most; as scikit-learn's
    StratifiedGroupKFold does, but for parts of different sizes and tracks of several genres.

    Args:
        labels: list[str] of genres, which may be empty, a track.
        groups_N: the number of each track's group, from 0.
        shares: of the tracks, by the part's name; together 1.

    Raises:
        UserError: a group is larger than every part is to be, or a part stays empty.
    """
    genres_NG = MultiLabelBinarizer(sparse_output=True).fit_transform(labels.map(set)).astype(np.int64)
    genres_NG = hstack([genres_NG, np.ones((len(labels), 1), dtype=np.int64)]).tocsr()
    member_AN = csr_matrix((np.ones(len(labels), np.int64), (groups_N, np.arange(len(labels)))))
    counts_AG = (member_AN @ genres_NG).tocsr()
    size_A = np.bincount(groups_N)
    _refuse_too_large(size_A, shares)

    target_PG = np.outer(list(shares.values()), np.asarray(genres_NG.sum(axis=0)).ravel())
    excess_PG = -target_PG
    shuffled = np.random.default_rng(seed).permutation(len(size_A))
    part_A = np.empty(len(size_A), dtype=np.int64)
    for group in shuffled[np.argsort(-size_A[shuffled], kind="stable")]:
        entries = slice(counts_AG.indptr[group], counts_AG.indptr[group + 1])
        genres, counts_G = counts_AG.indices[entries], counts_AG.data[entries]
        excess, target = excess_PG[:, genres], target_PG[:, genres]
        part = int(np.argmin((counts_G * (2 * excess + counts_G) / target).sum(axis=1)))
        excess_PG[part, genres] += counts_G
        part_A[group] = part
    for part, (name, share) in enumerate(shares.items()):
        if not (part_A == part).any():
            raise UserError(
                f"split: the {name} part of {len(size_A)} artists, or groups who play together, would be empty (its"
                f" share is {share:g}); use a larger catalogue, larger shares or fewer folds in params.split, or"
                " split.by: track"
            )
    return np.array(list(shares), dtype=object)[part_A[groups_N]]


def _refuse_too_large(size_A: np.ndarray, shares: Mapping[str, float]) -> None:
    largest, n = int(size_A.max()), int(size_A.sum())
    name, share = max(shares.items(), key=lambda part: part[1])
    if largest > share * n + 1:
        raise UserError(
            f"split.by is artist, but {largest} of the {n} tracks share artists with each other, directly or over"
            f" artists who play together, and the largest part, {name}, is to have {share * n:.0f}; is a name such as"
            " 'various artists' among them? Leave it empty, take fewer folds, or set split.by to track"
        )
