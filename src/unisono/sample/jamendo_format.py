"""Write tracks as MTG-Jamendo lies on disk: MP3 files and one list for each tag category and split."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from unisono.sample.files import Plan
from unisono.sample.synth import render
from unisono.sample.tags import jamendo_tags
from unisono.sample.vocabulary import GENRES
from unisono.sample.world import Track, make_artists, make_tracks

SAMPLE_RATE = 16000  # MTG-Jamendo has 44,100 Hz stereo; this is quicker to encode and has all that the mels show
HEADER = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
SPLITS = {"train": 0.6, "validation": 0.2, "test": 0.2}
TRACKS_PER_ARTIST = 2
CATEGORIES = ("genre", "instrument", "moodtheme")
TOP = "top50tags"  # MTG-Jamendo: the 50 most frequent tags of all categories; the sample has fewer than 50 in all
JOBS = 8


def plan_jamendo(root: Path, seed: int, tracks: int, seconds: float) -> Plan:
    """Draw the tracks, write the lists into `root`, and plan the audio."""
    rng = np.random.default_rng([seed, 3])
    equal = np.full(len(GENRES), 1 / len(GENRES))
    artists = make_artists(rng, tracks // TRACKS_PER_ARTIST, equal)
    artist_of_track = np.sort(np.arange(tracks) % len(artists))
    drawn = make_tracks(rng, artists, artist_of_track, None, [seed, 3])
    numbers = 240 + np.cumsum(rng.integers(1, 10, tracks))
    by_number = {int(number): track for number, track in zip(numbers, drawn, strict=True)}
    tags_of = {number: jamendo_tags(rng, track) for number, track in by_number.items()}
    lists = root / "data/splits/split-0"
    sizes = {}
    for category in CATEGORIES:
        in_category = {number: tags[category] for number, tags in tags_of.items()}
        rows = _split_rows(_split_artists(rng, len(artists)), by_number, in_category)
        sizes[category] = _write_lists(lists, category, rows, by_number, seconds)
    empty = int(rng.choice(numbers))
    in_any = {number: [tag for category in CATEGORIES for tag in tags[category]] for number, tags in tags_of.items()}
    rows = _split_rows(_split_artists(rng, len(artists)), by_number, in_any)
    sizes[TOP] = _write_lists(lists, TOP, rows, by_number, seconds)
    blocks = np.array_split(numbers, JOBS)
    jobs = [
        partial(write_audio, root / "audio", {int(n): by_number[int(n)] for n in block}, empty, seconds)
        for block in blocks
    ]
    facts = {"tracks": tracks, "lists": sizes, "faults": {"empty_mp3": [_track_id(empty)]}}
    return Plan(facts, {_track_id(number): track for number, track in by_number.items()}, list(jobs))


def write_audio(folder: Path, tracks: dict[int, Track], empty: int, seconds: float) -> None:
    """Render tracks to mono MP3; the `empty` one is a file without content, as a broken download leaves it."""
    for number, track in tracks.items():
        path = folder / _path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        if number == empty:
            path.touch()
        else:
            soundfile.write(path, render(track, seconds, SAMPLE_RATE), SAMPLE_RATE, format="MP3")


def _split_artists(rng: np.random.Generator, n_artists: int) -> list[str]:
    """The split of each artist: an artist's tracks stay together, as in MTG-Jamendo."""
    place = (rng.permutation(n_artists) + 0.5) / n_artists
    names = list(SPLITS)
    return [names[i] for i in np.searchsorted(np.cumsum(list(SPLITS.values())), place).clip(max=len(names) - 1)]


def _split_rows(
    split_of_artist: list[str], tracks: dict[int, Track], tags_of: dict[int, list[str]]
) -> dict[str, dict[int, list[str]]]:
    """The tags of each split's tracks, without rare tags and without tracks that have none."""
    rows: dict[str, dict[int, list[str]]] = {split: {} for split in SPLITS}
    for number, track in tracks.items():
        if tags_of[number]:
            rows[split_of_artist[track.artist]][number] = tags_of[number]
    return _without_rare(rows)


def _without_rare(rows: dict[str, dict[int, list[str]]]) -> dict[str, dict[int, list[str]]]:
    """Leave out tags that a split lacks (MTG-Jamendo: of under 50 artists), and then tracks that have none left."""
    counts = [Counter(tag for tags in part.values() for tag in tags) for part in rows.values()]
    kept = {tag for tag in counts[0] if all(tag in count for count in counts)}
    return {
        split: {n: common for n, tags in part.items() if (common := [tag for tag in tags if tag in kept])}
        for split, part in rows.items()
    }


def _write_lists(
    folder: Path, category: str, rows: dict[str, dict[int, list[str]]], tracks: dict[int, Track], seconds: float
) -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    for split, part in rows.items():
        lines = [HEADER, *(_row(number, tracks[number], tags, seconds) for number, tags in part.items())]
        text = "".join("\t".join(cells) + "\r\n" for cells in lines)
        (folder / f"autotagging_{category}-{split}.tsv").write_bytes(text.encode())
    return {split: len(part) for split, part in rows.items()}


def _row(number: int, track: Track, tags: list[str], seconds: float) -> tuple[str, ...]:
    artist, album = f"artist_{track.artist:06d}", f"album_{track.artist:06d}"
    return (_track_id(number), artist, album, _path(number), f"{seconds:.1f}", *tags)


def _track_id(number: int) -> str:
    return f"track_{number:07d}"


def _path(number: int) -> str:
    return f"{number % 100:02d}/{number}.mp3"
