"""Before the pipeline runs: is a folder a corpus that it can use, and how does a folder of music become one."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unisono.cli.output import Json

if TYPE_CHECKING:
    from unisono.corpora.collect import Collected
    from unisono.project.check import Check, Packing

MOST_NAMES = 8  # shown
Format = StrEnum("Format", ["melon", "gtzan", "jamendo", "magnatagatune", "folder", "vectors"])


def check(
    root: Annotated[Path, typer.Argument(help="The folder of the corpus.")],
    format: Annotated[Format | None, typer.Option(help="Its format, where what lies in it does not tell.")] = None,
    listen: Annotated[int, typer.Option(min=0, help="How many tracks to read, evenly spread.")] = 40,
    json: Json = False,
) -> None:
    """Tell whether a folder is a corpus that the pipeline can use, what is missing, and what packing will take.

    All names and sizes are looked at, and a few tracks are read. Exit status 1: it cannot be used as it is.
    """
    from unisono.stage import use_threads

    use_threads(1)  # as in each process that packs
    from unisono.corpora.reading.files import shown
    from unisono.project.check import check

    found = check(root, format and format.value, listen)
    if json:
        from dataclasses import asdict
        from json import dumps

        print(shown(dumps(asdict(found), indent=2, ensure_ascii=False)))
    else:
        print(shown("\n".join(_report(found)).strip()))
    if found.stops:
        raise typer.Exit(1)


def init(folder: Annotated[Path, typer.Argument(help="The folder; its music may lie anywhere below.")]) -> None:
    """Make a catalogue of a folder of music: tracks.csv from the files' own tags, and its playlists.

    Nothing is changed or overwritten: what is new is tracks.csv, and copies of playlists in playlists/.
    """
    from unisono.corpora.collect import collect
    from unisono.corpora.reading.files import shown

    found = collect(folder)
    for name, reason in found.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    print(shown("\n".join(_summary(folder, found))))


def _report(found: "Check") -> Iterator[str]:
    from unisono.corpora.recognise import FORMATS

    if found.format:
        why = f": it has {_some(found.because)}" if found.because else ", as you say"
        yield f"{found.root} is read as {FORMATS[found.format].title}{why}"
    if found.tracks:
        yield from _section("It lists", _holdings(found))
        yield from _section("Cannot be used, by names and sizes", _rejects(found))
        yield from _section("Read as packing reads them", _heard(found))
        yield from _section("Packing all of it", _packing(found.packing, found.format) if found.packing else [])
        yield from _section("Not checked", found.unchecked)
        yield from _section("What to do with it", _use(found))
    yield from _section("Worth a look", found.problems)
    yield from _section("It cannot be used as it is", found.stops)
    if not found.stops:
        yield "\nIt can be used."


def _section(title: str, lines: "Iterator[str] | list[str]") -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield f"\n{title}:"
        yield from (f"  {line}" for text in lines for line in text.splitlines())


def _holdings(found: "Check") -> Iterator[str]:
    filled = "".join(f", {n:,} with {'an' if name[0] in 'aeiou' else 'a'} {name}" for name, n in found.have.items())
    yield f"{_n(found.tracks, 'track')}{filled}"
    if found.artists:
        yield _n(found.artists, "artist")
    if found.genres:
        of_each = [f"{name} ({n:,})" for name, n in found.genres.items()]
        yield f"{_n(len(found.genres), 'genre')}: {_some(of_each)}"
    if found.playlists:
        yield f"{_n(found.playlists, 'playlist')}, with {_n(found.entries, 'track')} in all"
    for task, counts in found.labels.items():
        parts = ", ".join(f"{counts[part]:,} {part}" for part in ("train", "validation", "test") if part in counts)
        yield f"labels {task}: {_n(counts['tags'], 'tag')} of {_n(counts['tracks'], 'track')} ({parts})"
    for name, n in found.counts.items():
        if n and name != "tracks_without_genre":  # told above
            yield f"{name.replace('_', ' ')}: {n:,}"


def _rejects(found: "Check") -> Iterator[str]:
    for reject in found.rejects:
        lost = f"; nothing is left of {_some(reject.folders)}" if reject.folders else ""
        yield f"{reject.reason}: {_n(reject.tracks, 'track')}, e.g. {', '.join(reject.examples)}{lost}"


def _heard(found: "Check") -> Iterator[str]:
    heard = found.heard
    if not heard.tracks:
        return
    read = len(heard.tracks)
    share = f", {heard.rejected / read:.0%} cannot" if heard.rejected else ""
    yield f"{read - heard.rejected} of {_n(read, 'track')}, evenly spread, can be used{share}"
    for reason, ids in [*heard.rejects.items(), *heard.warnings.items()]:
        yield f"{reason}: {len(ids)}, e.g. {', '.join(ids[:3])}"


def _packing(packing: "Packing", format: str) -> Iterator[str]:
    from unisono.project.advice import USES

    yield (
        f"about {_time(packing.seconds)} for {packing.hours:,.1f} hours of music, with"
        f" {_n(packing.workers, 'process')} (machine.workers), by the sizes of the files and the"
        " time that those took"
    )
    yield f"{_size(packing.mel_bytes)} as mels"
    if packing.wave_bytes:
        yield (
            f"{_size(packing.wave_bytes)} as waveforms at {USES[format].waves:,} Hz for the second system, by a second"
            " pass that takes about as long"
        )
    yield f"{_size(packing.free_bytes)} are free in the working folder"


def _use(found: "Check") -> Iterator[str]:
    from json import dumps

    from unisono.project.advice import OWN, USES

    use = USES[found.format]
    learns = [name for name, there in (("genres", found.genres), ("playlists", found.playlists)) if there]
    also = f" and from its {' and '.join(learns)}" if learns and found.format in OWN else ""
    yield f"{use.does}{also}"
    if found.left_out:
        yield f"left out of the evaluation, for want of them: {', '.join(found.left_out)}"
    yield f"cp {use.file} params.yaml, set these in it, and make repro:"
    yield from (f"    {key}: {dumps(value, ensure_ascii=False)}" for key, value in found.to_set.items())


def _summary(folder: Path, found: "Collected") -> Iterator[str]:
    tracks = found.tracks
    filled = ", ".join(f"{(tracks[name] != '').sum():,} with {name}" for name in ("artist", "album", "genres"))
    yield f"{folder / 'tracks.csv'}: {_n(len(tracks), 'track')}, {filled}"
    if found.untagged:
        yield f"  {_n(found.untagged, 'track')} with tags that cannot be read, called after the file"
    if found.links:
        yield f"  {_n(found.links, 'further name')} of the same files, by links"
    if found.copied or found.ready:
        yield f"{folder / 'playlists'}: {_n(found.copied, 'playlist')} copied, {found.ready:,} there before"
    if found.gone:
        yield f"  {_n(found.gone, 'entry', 'entries')} left out, for want of a file of that name"
    if found.skipped:
        yield f"{_n(len(found.skipped), 'file')} skipped, as said above"
    if found.not_read:
        formats = ", ".join(f"{n:,} {suffix}" for suffix, n in found.not_read.items())
        yield f"not read: {formats}. Convert them, to FLAC for example, and run this again with tracks.csv moved away"
    yield "\nNext, in your clone of Unisono:"
    yield f"  unisono check {folder}"
    yield f"  cp params/folder.yaml params.yaml     # and set corpora.catalogue.root: {folder.resolve()}"
    yield "  make repro"


def _n(number: int, thing: str, things: str = "") -> str:
    return f"{number:,} {thing if number == 1 else things or thing + ('es' if thing.endswith('s') else 's')}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + ", ..." * (len(names) > MOST_NAMES)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:,.1f} MB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:,.0f} minutes" if seconds < 5400 else f"{seconds / 3600:,.1f} hours"


COMMANDS = [check, init]
