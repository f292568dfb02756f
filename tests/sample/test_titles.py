"""What simulated listeners call their playlists: mostly what is in them, and not always."""

from collections import Counter

import numpy as np
import pytest

from unisono.corpora.reading.playlist_words import playlist_words, title_words
from unisono.sample.playlists import Playlist, make_playlists
from unisono.sample.titles import OF_MOOD, make_title
from unisono.sample.vocabulary import MOODS
from unisono.sample.world import Track, major_weights, make_artists, make_tracks


@pytest.fixture(scope="module")
def service() -> tuple[list[Track], list[Playlist]]:
    rng = np.random.default_rng(0)
    artists = make_artists(rng, 160, major_weights())
    tracks = make_tracks(rng, artists, rng.integers(len(artists), size=800), None, [0])
    return tracks, make_playlists(rng, artists, tracks, 400)


def titles(tracks: list[Track], playlists: list[Playlist], seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [make_title(rng, [tracks[song] for song in p.songs], tracks[p.first], p.about) for p in playlists]


def test_the_seed_decides(service: tuple[list[Track], list[Playlist]]) -> None:
    assert titles(*service, seed=1) == titles(*service, seed=1) != titles(*service, seed=2)


def test_words_of_a_mood_are_mostly_of_its_songs_and_not_always(service: tuple[list[Track], list[Playlist]]) -> None:
    tracks, playlists = service
    mood_of = {word: mood for mood in MOODS for name in (mood.word, *OF_MOOD[mood.name]) for word in title_words(name)}
    said, right = 0, 0.0
    for playlist, title in zip(playlists, titles(*service, seed=0), strict=True):
        moods = Counter(MOODS[tracks[song].mood].name for song in playlist.songs)
        for word in playlist_words(title["plylst_title"] or ""):
            if word in mood_of:
                said += 1
                right += moods[mood_of[word].name] / len(playlist.songs)
    assert said > len(playlists) / 4
    assert 0.35 < right / said < 0.9  # by chance, a sixth


def test_some_say_nothing(service: tuple[list[Track], list[Playlist]]) -> None:
    made = titles(*service, seed=0)
    assert 0 < sum(title["plylst_title"] is None for title in made) < 40
    assert 0 < sum(not title["tags"] for title in made) < 100
    assert any(not title["plylst_title"].isascii() for title in made if title["plylst_title"])  # emoji
