"""Points of tracks between two similarities, and the nearest of them."""

from dataclasses import dataclass

import numpy as np

from unisono.embeddings.neighbours import normalised


@dataclass(frozen=True)
class Near:
    rows: np.ndarray
    similarities: np.ndarray


class Space:
    """Points at length one whose inner product is (1 - together) cosine of sound + together * cosine aligned."""

    def __init__(self, sound_ND: np.ndarray, aligned_ND: np.ndarray, together: float) -> None:
        self._together = together
        self.points_ND = self._join(sound_ND, aligned_ND)

    def point(self, sound_D: np.ndarray, aligned_D: np.ndarray) -> np.ndarray:
        """The point of one track."""
        return self._join(sound_D[None], aligned_D[None])[0]

    def nearest(self, query_D: np.ndarray, k: int, left_out: set[int]) -> Near:
        """The k rows nearest to a query of any length; of equal ones the first."""
        similarity_N = self.points_ND @ normalised(query_D[None])[0]
        similarity_N[list(left_out)] = -np.inf
        best = np.argsort(-similarity_N, kind="stable")[: min(k, len(similarity_N) - len(left_out))]
        return Near(best, similarity_N[best])

    def _join(self, sound_ND: np.ndarray, aligned_ND: np.ndarray) -> np.ndarray:
        parts = [(1 - self._together, sound_ND), (self._together, aligned_ND)]
        return np.concatenate([np.sqrt(w) * normalised(x_ND) for w, x_ND in parts if w > 0], axis=1, dtype=np.float32)


def between(a_D: np.ndarray, b_D: np.ndarray, place: float) -> np.ndarray:
    """The point at `place` (0 to 1) of the great circle between two points at length one."""
    angle = np.arccos(np.clip(a_D @ b_D, -1, 1))
    if np.sin(angle) < 1e-6:  # one point, or two opposite ones, between which any circle is as good
        return (1 - place) * a_D + place * b_D
    return (np.sin((1 - place) * angle) * a_D + np.sin(place * angle) * b_D) / np.sin(angle)
