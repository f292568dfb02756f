"""Write clips as MagnaTagATune lies on disk: MP3 files in the folders 0 to f, and annotations_final.csv.

A song is rendered once and cut into its clips, as the real clips are cut from songs: that costs no more than to render
each clip, and the clips share key, tempo and mix, so that they resemble each other as clips of one recording do.
"""

import csv
from collections import Counter
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

from unisono.sample.files import Plan
from unisono.sample.score import compose
from unisono.sample.synth import render
from unisono.sample.vocabulary import (
    ACOUSTIC,
    ELECTRIC,
    FLUTE,
    GENRES,
    INSTRUMENTS,
    MOODS,
    PIANO,
    SAXOPHONE,
    STRINGS,
    SYNTH,
    VOICE,
)
from unisono.sample.world import Artist, Track, make_artists, make_tracks

SAMPLE_RATE = 16000  # as in the real set
CLIPS_PER_SONG = 4  # (MagnaTagATune: 4.8)
SONGS_PER_ARTIST = 2
FOLDERS = {"train": "0123456789ab", "validation": "c", "test": "def"}
# Of the clips. The real folders have 0.72, 0.07 and 0.21, which would leave a small sample hardly any to validate on.
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
JOBS = 8

# What players say when they hear a trait, and with what probability each of them does.
GENRE_WORDS = {
    "blues": {"blues": 0.55},
    "classical": {"classical": 0.7, "classic": 0.35},
    "country": {"country": 0.6},
    "disco": {"dance": 0.55, "electronic": 0.35},
    "hiphop": {"hip hop": 0.55},
    "jazz": {"jazz": 0.6},
    "metal": {"metal": 0.6, "rock": 0.45},
    "pop": {"pop": 0.5},
    "reggae": {"reggae": 0.55},
    "rock": {"rock": 0.65},
}
INSTRUMENT_WORDS = {
    PIANO: {"piano": 0.55},
    ACOUSTIC: {"guitar": 0.55},
    ELECTRIC: {"guitar": 0.55},
    SYNTH: {"synth": 0.5, "electronic": 0.4},
    STRINGS: {"strings": 0.55, "violin": 0.45},
    FLUTE: {"flute": 0.55},
    SAXOPHONE: {"sax": 0.5},
    VOICE: {"voice": 0.35, "singing": 0.35},
}
MOOD_WORDS = {
    "happy": {"happy": 0.4},
    "energetic": {"upbeat": 0.4},
    "relaxing": {"soft": 0.4},
    "sad": {"sad": 0.4},
    "dark": {"dark": 0.4},
    "dream": {"ambient": 0.4, "soft": 0.3},
}
OTHER_WORDS = {
    "voice": {"vocal": 0.45, "vocals": 0.4},
    "no voice": {"no vocal": 0.25, "no vocals": 0.2},
    "drums": {"drums": 0.35},
    "slow": {"slow": 0.45},
    "fast": {"fast": 0.45},
    "loud": {"loud": 0.45},
    "quiet": {"quiet": 0.45},
}
NEVER_SAID = ("sitar", "harpsichord", "opera", "choir")  # columns without a 1
TAGS = (
    *dict.fromkeys(
        word
        for table in (GENRE_WORDS, INSTRUMENT_WORDS, MOOD_WORDS, OTHER_WORDS)
        for words in table.values()
        for word in words
    ),
    *NEVER_SAID,
)
PLAYERS = 5  # a word becomes a tag when most of them say it
MISHEARD = 0.1  # share of clips whose genre, mood or an instrument all players take for another
# Of the clips, those that too few players heard: with those on which players agree about nothing they come near to
# MagnaTagATune's 0.18 that have none of the 50 tags.
UNPLAYED = 0.15
SLOW, FAST = 88, 126  # beats per minute


def plan_magnatagatune(root: Path, seed: int, clips: int, seconds: float) -> Plan:
    """Draw the songs, write the annotations of their clips into `root`, and plan the audio.

    All clips of an artist lie in one folder, so that the splits share no artist; the real ones share no album, but 56
    of the 230 artists are in more than one.
    """
    rng = np.random.default_rng([seed, 4])
    ids = np.cumsum(rng.integers(1, 4, clips)).tolist()
    of_song = [ids[first : first + CLIPS_PER_SONG] for first in range(0, clips, CLIPS_PER_SONG)]
    artists = make_artists(rng, -(-len(of_song) // SONGS_PER_ARTIST), np.full(len(GENRES), 1 / len(GENRES)))
    songs = make_tracks(rng, artists, np.arange(len(of_song)) // SONGS_PER_ARTIST, None, [seed, 4])
    truth = {clip: song for song, its_clips in zip(songs, of_song, strict=True) for clip in its_clips}
    folder_of_artist = _folders(artists)
    paths = {
        clip: _path(folder_of_artist[songs[s].artist], songs[s], s, part, seconds)
        for s, its_clips in enumerate(of_song)
        for part, clip in enumerate(its_clips)
    }
    tags = {clip: crowd_tags(rng, song) for clip, song in truth.items()}
    for clip in rng.choice(ids, round(UNPLAYED * clips), replace=False).tolist():
        tags[clip] = []
    training = [clip for clip, path in paths.items() if _split(path) == "train"]
    empty, missing, unlisted = rng.choice(training, 3, replace=False).tolist()
    listed = {clip: path for clip, path in paths.items() if clip != unlisted}
    _write_annotations(root / "annotations_final.csv", listed, tags)
    made = {clip: path for clip, path in paths.items() if clip != missing}
    files = [[made.get(clip) for clip in its_clips] for its_clips in of_song]
    jobs = [
        partial(write_songs, root, [(songs[s], files[s]) for s in block], paths[empty], seconds)
        for block in np.array_split(np.arange(len(songs)), JOBS)
    ]
    facts = {
        "clips": len(listed),
        "songs": len(songs),
        "artists": len(artists),
        "splits": dict(Counter(_split(path) for path in listed.values())),
        "untagged": sum(not tags[clip] for clip in listed),
        "faults": {"empty_mp3": [str(empty)], "missing_mp3": [str(missing)], "unlisted_mp3": [paths[unlisted]]},
    }
    return Plan(facts, {str(clip): song for clip, song in truth.items()}, list(jobs))


def crowd_tags(rng: np.random.Generator, track: Track) -> list[str]:
    """The words that most players say of a clip of `track`.

    All players hear the same, and may all mishear it: words for one trait are right or wrong together. Which of the
    words a player says is chance.
    """
    heard = [
        GENRE_WORDS[GENRES[_hear(rng, track.genre, len(GENRES))].name],
        MOOD_WORDS[MOODS[_hear(rng, track.mood, len(MOODS))].name],
        *(INSTRUMENT_WORDS[i] for i in {_hear(rng, i, len(INSTRUMENTS)) for i in (track.lead, track.backing)}),
        *(OTHER_WORDS[trait] for trait in _traits(track) if rng.random() >= MISHEARD),
    ]
    chance: dict[str, float] = {}
    for words in heard:
        chance |= {word: max(p, chance.get(word, 0)) for word, p in words.items()}
    return [word for word, p in chance.items() if rng.binomial(PLAYERS, p) > PLAYERS / 2]


def _hear(rng: np.random.Generator, thing: int, n: int) -> int:
    return thing if rng.random() >= MISHEARD else int(rng.integers(n))


def _traits(track: Track) -> list[str]:
    """What else there is to hear. How loud a piece is played: how loud its recording is tells nothing (see `synth`)."""
    tempo = compose(track, np.random.default_rng(track.seed), 1.0).tempo  # as in `render`, which draws it first
    density = MOODS[track.mood].density
    present = {
        "voice": VOICE in (track.lead, track.backing),
        "no voice": VOICE not in (track.lead, track.backing),
        "drums": track.drums > 0,
        "slow": tempo < SLOW,
        "fast": tempo > FAST,
        "loud": track.drums > 0 and GENRES[track.genre].production.drive >= 1,
        "quiet": not track.drums and density < 0.5,
    }
    return [trait for trait, there in present.items() if there]


def _folders(artists: list[Artist]) -> list[str]:
    """Each artist's folder: all genres are spread over the splits, and each split's artists over its folders."""
    by_genre = sorted(range(len(artists)), key=lambda a: artists[a].genre)
    golden = (5**0.5 - 1) / 2  # its multiples modulo 1 spread every run of neighbours evenly
    rank = np.argsort(np.argsort(np.arange(len(artists)) * golden % 1))
    place = (rank + 0.5) / len(artists)
    split = np.searchsorted(np.cumsum(list(SHARES.values())), place).clip(max=len(SHARES) - 1)
    names = [cycle(FOLDERS[name]) for name in SHARES]
    folder_of = {artist: next(names[split[i]]) for i, artist in enumerate(by_genre)}
    return [folder_of[artist] for artist in range(len(artists))]


def _split(path: str) -> str:
    return next(split for split, folders in FOLDERS.items() if path[0] in folders)


def _path(folder: str, song: Track, number: int, part: int, seconds: float) -> str:
    artist, album = f"artist_{song.artist:03d}", f"album_{song.artist:03d}"
    title = f"{MOODS[song.mood].word}_{INSTRUMENTS[song.lead].name}".replace(" ", "_")
    start, end = round(part * seconds), round((part + 1) * seconds)
    return f"{folder}/{artist}-{album}-{number % SONGS_PER_ARTIST + 1:02d}-{title}-{start}-{end}.mp3"


def _write_annotations(path: Path, listed: dict[int, str], tags: dict[int, list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(("clip_id", *TAGS, "mp3_path"))
        writer.writerows((clip, *(int(tag in tags[clip]) for tag in TAGS), mp3) for clip, mp3 in listed.items())


def write_songs(root: Path, songs: list[tuple[Track, list[str | None]]], empty: str, seconds: float) -> None:
    """Render songs and write their clips, each to its path or nowhere, as mono MP3; the `empty` one has no content."""
    for song, names in songs:
        audio = render(song, len(names) * seconds, SAMPLE_RATE)
        for clip, name in zip(np.array_split(audio, len(names)), names, strict=True):
            if name is None:
                continue
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == empty:
                path.touch()
            else:
                soundfile.write(path, clip, SAMPLE_RATE, format="MP3")
