"""A few tracks of a corpus, read as packing reads all of them: what fails, how much music it is, how long it takes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from tqdm import tqdm

from unisono.audio.rejects import RejectError
from unisono.frames.sources import FrameReader, Reading, in_file
from unisono.frames.vectors import VectorReader
from unisono.params import Mel

LONGEST = 45.0  # seconds; then no further track is read


@dataclass
class Heard:
    """What was read.

    Attributes:
        tracks: their ids.
        seconds: of music in them.
        took: seconds, on one core.
        rejects: {reason: ids} of those that cannot be used.
        warnings: the same of those that can be used as far as they go.
    """

    tracks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    took: float = 0.0
    rejects: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(map(len, self.rejects.values()))


def spread(sources: dict[str, str], n: int) -> dict[str, str]:
    """Up to n of {track_id: source}, evenly spread; in random order, so that the first of them are spread as well."""
    ids = list(sources)
    places = np.unique(np.linspace(0, len(ids) - 1, min(n, len(ids))).round().astype(int))
    return {ids[place]: sources[ids[place]] for place in np.random.default_rng(0).permutation(places)}


def listen(reader: FrameReader, sources: dict[str, str]) -> Heard:
    """Read tracks, {track_id: source}, as mels, until all are read or `LONGEST` is over."""
    heard = Heard()
    mel = reader.front_end
    assert isinstance(mel, Mel), "frames of waveforms are no measure"
    start = time.perf_counter()
    with tqdm(desc="read", total=len(sources), unit=" tracks", disable=None, leave=False) as progress:
        for track_id, found, took in _read(reader, sources):
            progress.update()
            heard.tracks.append(track_id)
            heard.took += took
            if isinstance(found, RejectError):
                heard.rejects.setdefault(str(found), []).append(track_id)
            else:
                heard.seconds += len(found.frames_TF) * mel.hop_length / mel.sample_rate
                if found.warning:
                    heard.warnings.setdefault(found.warning, []).append(track_id)
            if time.perf_counter() - start > LONGEST:
                break
    return heard


def look_at(reader: VectorReader, sources: dict[str, str]) -> Heard:
    """Read all vectors of {track_id: source}; they are no music, so that no seconds come of them."""
    heard = Heard()
    for track_id, found in reader.read_all(sources, lambda _: None):
        heard.tracks.append(track_id)
        if isinstance(found, RejectError):
            heard.rejects.setdefault(str(found), []).append(track_id)
    return heard


def _read(reader: FrameReader, sources: dict[str, str]) -> Iterator[tuple[str, Reading | RejectError, float]]:
    """Each track's id and frames, and the seconds that they took; no tar is walked beyond its last track."""
    tars: dict[str, dict[str, str]] = {}
    for track_id, source in sources.items():
        tars.setdefault((in_file(source) or ("", ""))[0], {})[track_id] = source
    if "" in tars:  # load what decodes before time is taken
        reader.read_samples(np.zeros(reader.front_end.sample_rate), reader.front_end.sample_rate)
    began = time.perf_counter()

    def begin(_: str) -> None:
        nonlocal began
        began = time.perf_counter()

    for members in tars.values():
        for track_id, found in islice(reader.read_all(members, begin), len(members)):
            yield track_id, found, time.perf_counter() - began
            begin("")
