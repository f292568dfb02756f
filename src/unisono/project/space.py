"""Points of tracks between two similarities, and the nearest of them.

Shapes: N tracks, D dimensions of a point, A groups of tracks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from unisono.embeddings.neighbours import normalised

DIGITS = 6  # of a similarity: the last bits of equal ones depend on where in a matrix they are computed


@dataclass(frozen=True)
class Side:
    """One of the similarities that a space weighs.

    Attributes:
        weight: above 0; those of a space sum to 1.
        units_ND: the tracks' vectors at length one.
        layer: the encoder's layer that they come from.
    """

    weight: float
    units_ND: np.ndarray
    layer: str

    @property
    def scale(self) -> np.float32:
        """What vectors of length one are multiplied by, so that inner products of whole points weigh the cosines."""
        return np.float32(np.sqrt(self.weight))


@dataclass(frozen=True)
class Space:
    """Points whose inner product is the weighted mean of the sides' cosines; they lie side by side in a point."""

    sides: Sequence[Side]

    def points(self, rows_Q: np.ndarray) -> np.ndarray:
        """The points (Q, D) of tracks."""
        return np.concatenate([side.scale * side.units_ND[rows_Q] for side in self.sides], axis=1)

    def point(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        """The point (D,) of a track from elsewhere, by its vector of each side."""
        pairs = zip(self.sides, vectors, strict=True)
        return np.concatenate([side.scale * normalised(vector[None])[0] for side, vector in pairs])

    def means(self, groups_AN: csr_matrix) -> np.ndarray:
        """The direction (A, D), at length one, of the mean of each group's points."""
        sums_AD = np.concatenate([side.scale * (groups_AN @ side.units_ND) for side in self.sides], axis=1)
        return normalised(sums_AD)

    def similarities(self, query_D: np.ndarray) -> np.ndarray:
        """The cosine (N,) of every track with a query of any length, 0 for a query of length 0."""
        query_D = normalised(query_D[None])[0]
        ends = np.cumsum([side.units_ND.shape[1] for side in self.sides])
        pieces = zip(self.sides, np.split(query_D, ends[:-1]), strict=True)
        total_N = sum(side.units_ND @ (side.scale * piece_D) for side, piece_D in pieces)
        return np.round(total_N, DIGITS)

    def nearest(self, query_D: np.ndarray, k: int, left_out: Collection[int] = ()) -> tuple[np.ndarray, np.ndarray]:
        """The k rows nearest to a query, and their similarities; of equally near ones the first come first."""
        similarity_N = self.similarities(query_D)
        similarity_N[list(left_out)] = -np.inf
        k = min(k, int(np.isfinite(similarity_N).sum()))
        if not k:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        least = np.partition(similarity_N, -k)[-k]
        rows = np.flatnonzero(similarity_N >= least)  # all that tie for the last place, too
        rows = rows[np.argsort(-similarity_N[rows], kind="stable")][:k]
        return rows, similarity_N[rows]


def between(a_D: np.ndarray, b_D: np.ndarray, place: float) -> np.ndarray:
    """The point at `place` (0 to 1) of the great circle between two points at length one."""
    angle = np.arccos(np.clip(a_D @ b_D, -1, 1))
    if np.sin(angle) < 1e-6:  # one point, or two opposite ones, between which any circle is as good
        return (1 - place) * a_D + place * b_D
    return (np.sin((1 - place) * angle) * a_D + np.sin(place * angle) * b_D) / np.sin(angle)
