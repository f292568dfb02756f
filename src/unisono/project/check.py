"""Whether a folder is a corpus that the pipeline can use, and what that takes: told before hours are spent."""

import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pandas as pd

from unisono.audio.rejects import RejectError, size_of_file
from unisono.corpora import melon
from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.files import playlists_table, rejects_table
from unisono.corpora.reading.registry import read_catalogue
from unisono.corpora.reading.tars import tar_members
from unisono.corpora.reading.vector_files import DIMENSIONS
from unisono.corpora.recognise import FORMATS, recognise
from unisono.errors import UserError
from unisono.frames.sources import FrameReader, in_file
from unisono.frames.space import frame_bytes
from unisono.frames.vectors import VectorReader
from unisono.project.advice import LEAST_TRACKS, MAX_REJECT_SHARE, MEL, OWN, USES, params_for
from unisono.project.findings import Check, Packing, Rejects
from unisono.project.listening import listen, look_at, spread

MOST_TAR_BYTES = 4 << 30  # tars of more are not walked
TAR_END = 1024  # bytes, all zero
SHOWN = 3  # examples
MOST_WARNINGS = 10


def check(root: Path, format: str | None = None, n_heard: int = 40) -> Check:
    """Look at a corpus: at all names and sizes, and into `n_heard` tracks, evenly spread.

    What the format's reader refuses is what stops it. Tars of more than 4 GiB in all are not walked.

    Args:
        root: the corpus folder.
        format: one of `FORMATS`; None recognises it.

    Raises:
        UserError: there is no such folder, or no such format.
    """
    if not root.is_dir():
        raise UserError(f"{root}: {'is a file' if root.exists() else 'no such folder'}; name the folder of a corpus")
    if format is not None and format not in FORMATS:
        raise UserError(f"format is {format!r}, expected one of {', '.join(FORMATS)}")
    result = Check(str(root))
    try:
        result.format, result.because = (format, []) if format else recognise(root)
        with _warnings_to(result.problems):
            catalogue, sources = _read(result, root)
        if (more := len(result.problems) - MOST_WARNINGS) > 0:
            result.problems[MOST_WARNINGS:] = [f"and {more:,} more of the kind"]
    except UserError as error:
        result.stops.append(str(error))
        return result
    except OSError as error:
        result.stops.append(f"{error.filename or root}: cannot be read ({error.strerror}); mend that")
        return result
    sizes, lost = _look_at_files(catalogue)
    rejects: pd.DataFrame = pd.concat([catalogue.rejects, rejects_table(lost)], ignore_index=True)
    unusable = set(rejects["track_id"])
    _count(result, catalogue, rejects)
    sources = {track_id: source for track_id, source in sources.items() if track_id not in unusable}
    dim = catalogue.counts.get(DIMENSIONS, 0)
    if result.format == "vectors":
        result.heard = look_at(VectorReader(root, dim), sources)
    else:
        result.heard = listen(FrameReader(root, MEL, None), spread(sources, n_heard))
    _reckon(result, sizes)
    result.to_set, result.left_out = params_for(
        result.format, root, catalogue.tracks["genres"].tolist(), result.playlists, dim
    )
    _judge(result)
    return result


@contextmanager
def _warnings_to(problems: list[str]) -> Iterator[None]:
    """Note what the readers warn of, instead of printing it."""

    class Note(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            problems.append(record.getMessage())

    logger, note = logging.getLogger("unisono"), Note()
    logger.addHandler(note)
    try:
        yield
    finally:
        logger.removeHandler(note)


def _read(result: Check, root: Path) -> tuple[Catalogue, dict[str, str]]:
    """The catalogue, and {track_id: source} of the tracks that may be read."""
    tars = melon.tars_of(root) if result.format == "melon" else []
    result.problems += _cut(tars)
    size = sum(tar.stat().st_size for tar in tars if tar.is_file())
    if size <= MOST_TAR_BYTES:
        catalogue = read_catalogue(result.format, root)
        return catalogue, dict(zip(catalogue.tracks.index, catalogue.tracks["source"], strict=True))
    lists = melon.read_lists(root)
    playlists = {key: songs for key, songs in lists.playlists.items() if songs}
    result.unchecked.append(
        f"the {len(tars)} tars have {size / 1e9:,.0f} GB and were not walked, but for the first mel of each: which"
        " songs have a mel, only packing tells"
    )
    tracks = lists.tracks(dict.fromkeys(lists.genres_of, ""))
    firsts = [next(((tar, member) for _, member in tar_members(tar) if member.isreg()), None) for tar in tars]
    sources = {PurePosixPath(member.name).stem: f"{tar.name}!{member.name}" for tar, member in filter(None, firsts)}
    return Catalogue(root, tracks, playlists_table(playlists, titles=lists.titles), counts=lists.counts), sources


def _cut(tars: list[Path]) -> Iterator[str]:
    """Tars that end too early, as far as their last bytes tell, and numbers that are missing among them."""
    for tar in tars:
        try:
            with tar.open("rb") as file:
                file.seek(max(0, size_of_file(tar) - TAR_END))
                if any(file.read()):
                    yield f"{tar}: does not end as tars do; was its download cut short? Download it again"
        except (OSError, RejectError):
            continue  # the reader says what is the matter
    numbers = {int(found[1]) for tar in tars if (found := re.fullmatch(r"arena_mel_(\d{1,4})", tar.stem))}
    if missing := sorted(set(range(max(numbers, default=-1) + 1)) - numbers):
        names = ", ".join(f"arena_mel_{number}.tar" for number in missing[:10])
        yield f"{tars[0].parent}: has no {names}, but ones of higher numbers; download what is missing"


def _look_at_files(catalogue: Catalogue) -> tuple[dict[str, int], list[tuple[str, str, str]]]:
    """{track_id: bytes} of tracks that have a file of their own, and (track_id, source, reason) of those whose file is
    missing, empty or none."""
    sizes, lost = {}, []
    for track_id, source in catalogue.tracks["source"].items():
        if not source or in_file(source):
            continue
        try:
            if size := size_of_file(catalogue.root / source):
                sizes[str(track_id)] = size
            else:
                lost.append((str(track_id), source, "empty file"))
        except RejectError as reason:
            lost.append((str(track_id), source, str(reason)))
    return sizes, lost


def _count(result: Check, catalogue: Catalogue, rejects: pd.DataFrame) -> None:
    tracks, playlists = catalogue.tracks, catalogue.playlists
    result.tracks = len(tracks) + len(catalogue.rejects)
    result.usable = result.tracks - len(rejects)
    result.have = {"genre": int((tracks["genres"].str.len() > 0).sum())}
    result.have |= {name: int((tracks[name] != "").sum()) for name in ("title", "artist", "album") if name in tracks}
    result.artists = tracks["artist"][tracks["artist"] != ""].nunique() if "artist" in tracks else 0
    result.genres = dict(Counter(tracks["genres"].explode().dropna()).most_common())
    result.playlists, result.entries = len(playlists), int(playlists["tracks"].str.len().sum())
    result.counts = catalogue.counts
    for task, labels in catalogue.labels.groupby("task"):
        parts = labels["split"].value_counts()
        tags = labels["tags"].explode().nunique()
        result.labels[str(task)] = {"tracks": len(labels), "tags": tags, **{str(k): int(n) for k, n in parts.items()}}
    listed = Counter(_folder(source) for source in [*tracks["source"], *catalogue.rejects["source"]])
    lost = Counter(_folder(source) for source in rejects["source"])
    for reason, rows in rejects.groupby("reason"):
        folders = sorted({_folder(source) for source in rows["source"]} - {""})
        result.rejects.append(
            Rejects(
                str(reason),
                len(rows),
                [source or track_id for track_id, source in zip(rows["track_id"], rows["source"], strict=True)][:SHOWN],
                [folder for folder in folders if lost[folder] == listed[folder] > 1],
            )
        )


def _folder(source: str) -> str:
    return "" if in_file(source) else PurePosixPath(source).parent.name


def _reckon(result: Check, sizes: dict[str, int]) -> None:
    """What packing takes, if a byte of any file, or any member of a tar, is like those that were read."""
    heard = result.heard
    if unread := result.usable - len(heard.tracks):
        result.unchecked.append(
            f"{unread:,} of {result.usable:,} tracks were not read: what else is unusable, only packing tells"
        )
    if not heard.seconds:
        return
    use = USES[result.format]
    workers = min(use.workers, os.cpu_count() or 1)
    if all(track_id in sizes for track_id in heard.tracks):
        times = sum(sizes.values()) / sum(sizes[track_id] for track_id in heard.tracks)
    else:
        times = result.usable / len(heard.tracks)
    seconds = heard.seconds * times
    result.packing = Packing(
        hours=seconds / 3600,
        seconds=heard.took * times / workers,
        workers=workers,
        mel_bytes=frame_bytes(seconds * MEL.sample_rate / MEL.hop_length, MEL.n_mels),
        wave_bytes=frame_bytes(seconds * (use.waves or 0), 1),
        free_bytes=shutil.disk_usage(Path.cwd()).free,
    )


def _judge(result: Check) -> None:
    """Fill in what stops the corpus, and what is worth mending."""
    rejected, read, packing = result.heard.rejected, len(result.heard.tracks), result.packing
    known = result.tracks - result.usable + rejected
    if read and rejected == read:
        result.stops.append(f"none of the {read} tracks that were read can be used: {', '.join(result.heard.rejects)}")
    elif known > MAX_REJECT_SHARE * result.tracks:
        result.stops.append(
            f"{known:,} of {result.tracks:,} tracks cannot be used, more than pack.max_reject_share ="
            f" {MAX_REJECT_SHARE:g} allows; mend them, or raise pack.max_reject_share in params.yaml"
        )
    elif read and rejected / read > MAX_REJECT_SHARE:
        result.problems.append(
            f"{rejected} of the {read} tracks that were read cannot be used; if it is so with all, it is more than"
            f" pack.max_reject_share = {MAX_REJECT_SHARE:g} allows, and packing stops at its end"
        )
    if packing and packing.needed_bytes > packing.free_bytes:
        result.stops.append(
            f"packed it takes {packing.needed_bytes / 1e9:,.1f} GB, but {packing.free_bytes / 1e9:,.1f} GB are free in"
            f" {Path.cwd()}, where data/ would be; make room, or run the pipeline on a larger disk"
        )
    if result.format in OWN:
        _judge_own_music(result)


def _judge_own_music(result: Check) -> None:
    if result.usable < LEAST_TRACKS:
        result.stops.append(
            f"{result.usable} tracks are too few to learn from and to test with: {USES[result.format].file} wants"
            f" {LEAST_TRACKS} or more"
        )
    if len(result.genres) == 1:
        result.stops.append(
            f"there is one genre alone, {next(iter(result.genres))}, which tells no track from another; give two"
            " or more, or none"
        )
    unknown = result.counts.get("unknown_playlist_tracks", 0)
    if unknown > result.entries:
        result.problems.append(
            f"{unknown:,} entries of the playlists name no track of tracks.csv, and {result.entries:,} do: they are"
            " found by their path, relative to the playlist's file or absolute"
        )
