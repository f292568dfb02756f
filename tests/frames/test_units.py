"""What a unit's worker says of the track that it is reading, by which a crash is told, and what it leaves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from unisono.audio.rejects import RejectError
from unisono.frames.sources import Reading
from unisono.frames.units import Unit, pack_unit, read_current

IDS = ["a longer id", "b", "of two\nlines", "\udcff"]


def test_the_track_that_is_read_is_told_whatever_came_before_it(tmp_path: Path) -> None:
    unit, told = Unit(0, dict.fromkeys(IDS, "")), []

    class Reader:
        n_bands = 1

        def read_all(self, sources: dict[str, str], begin: Callable[[str], object]) -> Iterator[tuple[str, Reading]]:
            for track_id in sources:
                begin(track_id)
                told.append(read_current(unit, tmp_path))
                yield track_id, Reading(np.ones((1, 1)))

    assert read_current(unit, tmp_path) == ""
    pack_unit(unit, Reader(), tmp_path)
    assert told == IDS


def test_of_tracks_that_cannot_be_used_no_shard_is_left_not_even_an_older_one(tmp_path: Path) -> None:
    unit = Unit(0, {"a": "a.npy"})

    class Reader:
        n_bands = 1

        def read_all(
            self, sources: dict[str, str], begin: Callable[[str], object]
        ) -> Iterator[tuple[str, RejectError]]:
            for track_id in sources:
                begin(track_id)
                yield track_id, RejectError("too short")

    unit.shard(tmp_path).write_bytes(b"of other raw data")
    pack_unit(unit, Reader(), tmp_path)
    assert not unit.shard(tmp_path).exists() and unit.is_done(tmp_path)
