"""Tracks' vectors from a file of many, as frames of so many bands."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from unisono.audio.rejects import RejectError
from unisono.corpora.reading.vector_files import Block, vector_blocks
from unisono.frames.sources import Reading, in_file, to_float16

DAMAGED = "in or behind a damaged part of the file"
NOTHING = np.empty((0, 0)), np.empty(0, dtype=np.int64)


class VectorReader:
    """Read tracks as float16 frames (T, n_bands): their vectors, one a window.

    Args:
        root: the corpus folder.
        dim: how many numbers each vector has.
    """

    def __init__(self, root: Path, dim: int) -> None:
        self.root = root
        self.n_bands = dim

    def read_all(
        self, sources: dict[str, str], begin: Callable[[str], object]
    ) -> Iterator[tuple[str, Reading | RejectError]]:
        """See `unisono.frames.sources.TrackReader`."""
        places = []
        for track_id, source in sources.items():
            name, where = in_file(source) or (source, "")
            first, count = map(int, where.split("+"))
            places.append((first, count, track_id))
        rows = _Ahead(vector_blocks(self.root / name, self.n_bands))
        for first, count, track_id in sorted(places):
            begin(track_id)
            try:
                rows_TD, lengths_T = rows.take(first, count)
            except Exception:  # the file's pages may be damaged in many ways: what stands behind one is lost as well
                rows_TD, lengths_T = NOTHING
            whole = len(rows_TD) == count
            yield track_id, self._checked(rows_TD, lengths_T) if whole else RejectError(DAMAGED, lasts=False)

    def _checked(self, rows_TD: np.ndarray, lengths_T: np.ndarray) -> Reading | RejectError:
        wrong_T = lengths_T != self.n_bands
        if not lengths_T.all():
            return RejectError("no vector")
        if wrong_T.any():
            return RejectError(f"a vector of {lengths_T[wrong_T][0]} numbers, expected {self.n_bands}")
        try:
            frames_TD = to_float16(rows_TD)
        except RejectError as error:
            return error
        return Reading(frames_TD) if frames_TD.any() else RejectError("all zero")


class _Ahead:
    """Rows of a file that is read once, from its start to its end, in blocks."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._held: deque[Block] = deque()

    def take(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """So many rows from `first` on, and their lengths; `first` never falls. Fewer where the file has ended."""
        end = first + count
        while not self._held or _end_of(self._held[-1]) < end:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held.append(block)
            self._drop(first)
        self._drop(first)
        parts = [(block, slice(max(first - block.first, 0), max(end - block.first, 0))) for block in self._held]
        if not parts:
            return NOTHING
        return (
            np.concatenate([block.rows_RD[chosen] for block, chosen in parts]),
            np.concatenate([block.lengths_R[chosen] for block, chosen in parts]),
        )

    def _drop(self, first: int) -> None:
        """Let go of what lies before a row."""
        while self._held and _end_of(self._held[0]) <= first:
            self._held.popleft()


def _end_of(block: Block) -> int:
    return block.first + len(block.rows_RD)
