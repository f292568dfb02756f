"""Whether what is to be packed fits on the disk: told before a byte is written, not when the disk is full."""

import configparser
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytag import TinyTag, TinyTagException

from unisono.errors import UserError
from unisono.frames.sources import FrontEnd, in_file
from unisono.frames.units import Unit
from unisono.params import Mel, Vectors

FLOAT16, FLOAT32 = 2, 4  # bytes
LOOKED_AT = 16  # audio files of each kind: a byte of the others is taken to hold as much music


def frame_bytes(n_frames: float, n_bands: int) -> int:
    """What frames take in the store."""
    return round(n_frames * n_bands * FLOAT16)


def bytes_to_pack(
    units: Iterable[Unit], root: Path, front_end: FrontEnd | Vectors, max_frames: int | None = None
) -> int:
    """About what the frames of units take: of ready mels half of their files, of audio as long as a few files are.

    Files that are missing or cannot be opened count nothing: packing finds out.
    """
    sources = [source for unit in units for source in unit.sources.values()]
    if isinstance(front_end, Vectors):
        return len(sources) * front_end.dim * FLOAT16
    members = [found[0] for source in sources if (found := in_file(source))]
    kinds: dict[str, list[Path]] = {}
    for source in sources:
        if not in_file(source):
            kinds.setdefault(Path(source).suffix.lower(), []).append(root / source)
    groups = [(len(members), _total_size(root / name for name in set(members)) // FLOAT32 / front_end.n_bands)]
    groups += [(len(files), _frames(kind, files, front_end)) for kind, files in kinds.items()]
    return sum(
        frame_bytes(frames if max_frames is None else min(frames, n * max_frames), front_end.n_bands)
        for n, frames in groups
    )


def _frames(kind: str, files: list[Path], front_end: FrontEnd) -> float:
    """About how many frames loose files of one kind have."""
    if kind == ".npy":
        return _total_size(files) / FLOAT32 / front_end.n_bands
    looked_at = files[:: max(1, len(files) // LOOKED_AT)][:LOOKED_AT]
    seconds, size = 0.0, 0
    for file in looked_at:
        try:  # what is told in Python crashes no process, as a decoder may
            duration = TinyTag.get(file, tags=False).duration
        except (OSError, TinyTagException):
            continue
        if duration:
            seconds, size = seconds + duration, size + file.stat().st_size
    hop_length = front_end.hop_length if isinstance(front_end, Mel) else 1
    return seconds / size * _total_size(files) * front_end.sample_rate / hop_length if size else 0.0


def _total_size(files: Iterable[Path]) -> int:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total


@dataclass(frozen=True)
class Cache:
    """DVC's cache.

    Attributes:
        folder: where outputs are kept; it need not exist yet.
        links: whether DVC may link an output to what it keeps, by its settings; else it copies.
    """

    folder: Path
    links: bool = True


def needed_in(work: Path, cache: Cache, n_bytes: int) -> dict[Path, int]:
    """The bytes that must be free, by a folder of each disk: where files are written, and where DVC keeps them.

    DVC moves an output into its cache and links it back. On another disk the cache needs the room as well; where no
    link can be made, DVC copies, and the same disk needs it twice.

    Args:
        work: where files are written; it exists.
    """
    kept = next(folder for folder in (cache.folder, *cache.folder.absolute().parents) if folder.exists())
    if kept.stat().st_dev != work.stat().st_dev:
        return {work: n_bytes, kept: n_bytes}
    return {work: n_bytes if cache.links and _can_link(work) else 2 * n_bytes}


def _can_link(folder: Path) -> bool:
    with TemporaryDirectory(dir=folder) as scratch:
        file = Path(scratch, "file")
        file.touch()
        for make in (os.symlink, os.link):
            try:
                make(file, file.with_name("link"))
                return True
            except OSError:
                continue
    return False


def dvc_cache(dvc: Path) -> Cache:
    """The cache of the DVC project with the settings in `dvc` (.dvc): those of config.local, else of config."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read([dvc / "config", dvc / "config.local"], encoding="utf-8")
    types = settings.get("cache", "type", fallback="reflink,copy").split(",")
    links = bool({"hardlink", "symlink"} & {one.strip() for one in types})
    return Cache(dvc / settings.get("cache", "dir", fallback="cache"), links)


def refuse_without_space(doing: str, needed: dict[Path, int], free: dict[Path, int]) -> None:
    """Stop where a folder's disk has less room than is needed.

    Raises:
        UserError: it does.
    """
    for folder, n_bytes in needed.items():
        if n_bytes > free[folder]:
            raise UserError(
                f"{doing}: it takes about {n_bytes / 1e9:,.1f} GB, but {free[folder] / 1e9:,.1f} GB are free in"
                f" {folder.absolute()}; make room there, or move the project to a larger disk"
            )


def free_in(folders: Iterable[Path]) -> dict[Path, int]:
    """The bytes that are free on each folder's disk."""
    return {folder: shutil.disk_usage(folder).free for folder in folders}
