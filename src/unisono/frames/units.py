"""What one process packs into one shard, and how it says that it is done."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unisono.audio.rejects import RejectError
from unisono.frames.sources import TrackReader, in_file
from unisono.frames.store import FrameWriter

LOOSE_UNITS = 64  # loose files are dealt out over at most so many units (and shards) ...
MIN_LOOSE_FILES = 16  # ... of at least so many files
CPU_SECONDS = 1200  # of one track: many times what hours of audio take


@dataclass(frozen=True)
class Unit:
    """What one process packs into one shard.

    Attributes:
        number: position among the units.
        sources: {track_id: source}, all members of one tar or all loose files.
    """

    number: int
    sources: dict[str, str]

    def shard(self, folder: Path) -> Path:
        """The unit's shard while packing; there is none if all its tracks were rejected."""
        return folder / f"unit-{self.number:05d}.h5"

    def part(self, folder: Path) -> Path:
        """The unit's part of the index, the rejects and the warnings, written when the shard is complete."""
        return folder / f"unit-{self.number:05d}.json"

    def current(self, folder: Path) -> Path:
        """Its first line is the track id that the unit's worker is reading, as JSON; see `read_current`."""
        return folder / f"unit-{self.number:05d}.current"

    def crashed(self, folder: Path) -> Path:
        """{track_id: reason} of the tracks that are no longer read, because they ended their process."""
        return folder / f"unit-{self.number:05d}.crashed"

    def is_done(self, folder: Path) -> bool:
        """Whether part and shard are complete and still in the folder."""
        if not self.part(folder).exists():
            return False
        return self.shard(folder).exists() or not read_json(self.part(folder))["tracks"]


def cut_into_units(source_of: dict[str, str]) -> list[Unit]:
    """Cut {track_id: source} into units: one a tar, then runs of loose files in their order."""
    by_tar: dict[str, dict[str, str]] = {}
    loose: list[tuple[str, str]] = []
    for track_id, source in source_of.items():
        if member := in_file(source):
            by_tar.setdefault(member[0], {})[track_id] = source
        else:
            loose.append((track_id, source))
    size = max(MIN_LOOSE_FILES, -(-len(loose) // LOOSE_UNITS))
    runs = [dict(loose[first : first + size]) for first in range(0, len(loose), size)]
    return [Unit(number, sources) for number, sources in enumerate([*by_tar.values(), *runs])]


def pack_unit(unit: Unit, reader: TrackReader, work: Path) -> None:
    """Write the shard and then the part of one unit; frames of one track at a time are in memory."""
    for before in (unit.part(work), unit.shard(work)):  # they do not tell what there will be now
        before.unlink(missing_ok=True)
    crashed = read_crashed(unit, work)
    sources = {track_id: source for track_id, source in unit.sources.items() if track_id not in crashed}
    tracks: list[tuple[str, int, int]] = []
    warnings: list[tuple[str, str, str]] = []
    rejects = [(track_id, unit.sources[track_id], reason) for track_id, reason in crashed.items()]
    lasts = True

    def begin(track_id: str) -> None:
        current.seek(0)  # to open it anew takes milliseconds, which are long beside reading a vector
        current.write(f"{json.dumps(track_id)}\n".encode())
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)

    with (
        unit.current(work).open("wb", buffering=0) as current,
        FrameWriter(unit.shard(work), reader.n_bands) as writer,
    ):
        for track_id, found in reader.read_all(sources, begin):
            signal.setitimer(signal.ITIMER_PROF, 0)
            if isinstance(found, RejectError):
                rejects.append((track_id, sources[track_id], str(found)))
                lasts &= found.lasts
                continue
            tracks.append((track_id, writer.append(found.frames_TF), len(found.frames_TF)))
            if found.warning:
                warnings.append((track_id, sources[track_id], found.warning))
    write_json(unit.part(work), {"tracks": tracks, "rejects": rejects, "warnings": warnings, "lasts": lasts})


def forget_what_was_missing(units: list[Unit], work: Path) -> None:
    """Parts that depend on files that were missing are not finished work."""
    for unit in units:
        part = unit.part(work)
        if part.exists() and not read_json(part)["lasts"]:
            part.unlink()


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def read_current(unit: Unit, work: Path) -> str:
    """The id of the track that the unit's worker was reading; '' if it had not begun."""
    file = unit.current(work)
    line = file.read_bytes().partition(b"\n")[0] if file.exists() else b""
    return str(json.loads(line)) if line else ""


def read_crashed(unit: Unit, work: Path) -> dict[str, str]:
    return read_json(unit.crashed(work)) if unit.crashed(work).exists() else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.replace(path)
