"""Write clips as GTZAN lies on disk: WAV files by genre, and fault-filtered lists."""

from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from unisono.sample.files import Plan
from unisono.sample.synth import render
from unisono.sample.vocabulary import GENRES
from unisono.sample.world import Track, make_artists, make_tracks

SAMPLE_RATE = 22050
UNREADABLE = "jazz/jazz.00054"  # so is this clip in most copies of the real GTZAN
LISTS = {"train": 0.476, "valid": 0.212, "test": 0.312}  # shares of the fault-filtered split: 443, 197, 290 clips
CLIPS_PER_ARTIST = 2


def plan_gtzan(root: Path, seed: int, tracks: int, seconds: float) -> Plan:
    """Draw the clips, write the lists into `root`, and plan the audio.

    The lists share no artist, as the fault-filtered ones hardly do, so that they test for genre and not for artists.
    """
    rng = np.random.default_rng([seed, 2])
    per_genre = [len(part) for part in np.array_split(np.arange(tracks), len(GENRES))]
    clips: dict[str, Track] = {}
    listed: dict[str, list[str]] = {name: [] for name in LISTS}
    for g, count in enumerate(per_genre):
        name = GENRES[g].name
        artists = make_artists(rng, max(len(LISTS), count // CLIPS_PER_ARTIST), np.eye(len(GENRES))[g])
        artist_of_clip = np.sort(np.arange(count) % len(artists))
        drawn = make_tracks(rng, artists, artist_of_clip, np.full(count, g), [seed, 2, g])
        for i, track in enumerate(drawn):
            clip = f"{name}/{name}.{i:05d}"
            clips[clip] = track
            listed[_list_of(track.artist, len(artists))].append(clip)
    if UNREADABLE not in clips:
        clips[UNREADABLE] = next(track for clip, track in clips.items() if clip.startswith("jazz/"))
        listed["train"].append(UNREADABLE)
    root.mkdir(parents=True, exist_ok=True)
    for name, entries in listed.items():
        lines = "".join(f"{clip}.wav\n" for clip in sorted(entries))
        (root / f"{name}_filtered.txt").write_text(lines, encoding="utf-8", newline="\n")
    names = [genre.name for genre in GENRES]
    jobs = [partial(write_clips, root / "genres", _of_genre(clips, name), seconds) for name in names]
    facts = {
        "clips": len(clips),
        "lists": {name: len(entries) for name, entries in listed.items()},
        "faults": {"unreadable_wav": [UNREADABLE]},
    }
    return Plan(facts, {Path(clip).name: track for clip, track in clips.items()}, list(jobs))


def _of_genre(clips: dict[str, Track], name: str) -> dict[str, Track]:
    return {clip: track for clip, track in clips.items() if clip.startswith(f"{name}/")}


def _list_of(artist: int, n_artists: int) -> str:
    """The list of an artist's clips; every list gets at least one artist."""
    names = list(LISTS)
    if n_artists == len(names):
        return names[artist]
    place = (artist + 0.5) / n_artists
    return names[int(np.searchsorted(np.cumsum(list(LISTS.values())), place).clip(max=len(names) - 1))]


def write_clips(folder: Path, clips: dict[str, Track], seconds: float) -> None:
    """Render clips to 16-bit mono WAV; the unreadable one has lost its header."""
    for clip, track in clips.items():
        path = folder / f"{clip}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, render(track, seconds, SAMPLE_RATE), SAMPLE_RATE, subtype="PCM_16")
        if clip == UNREADABLE:
            path.write_bytes(bytes(44) + path.read_bytes()[44:])
