"""The latent model: artists, and tracks with genre, mood, instrumentation and style, all of them audible."""

from dataclasses import dataclass

import numpy as np

from unisono.sample.vocabulary import DETAIL_WEIGHTS, GENRES, INSTRUMENTS, MOODS

TRACKS_PER_ARTIST = 5
HOME_GENRE = 0.85  # share of an artist's tracks in the artist's own major genre
TYPICAL_LEAD = 6.0  # weight that a detail genre's typical lead gets on top of its major genre's instruments
ARTIST_TASTE = 0.8  # Dirichlet concentration of artists over moods and instruments: below 1, artists differ clearly
POPULARITY_STD = 2.3  # of a track's log popularity: heavy-tailed, so that about half the songs are in one playlist only
STYLE_DIM = 3  # brightness, register, tempo


@dataclass(frozen=True)
class Artist:
    """Who plays: a home (major genre, detail genre), preferences, and a style that all the artist's tracks share."""

    genre: int
    detail: int
    moods: np.ndarray  # probabilities over MOODS
    instruments: np.ndarray  # weights over INSTRUMENTS
    style: np.ndarray  # (STYLE_DIM,), each coordinate standard normal
    popularity: float  # log


@dataclass(frozen=True)
class Track:
    """The truth about a track; `unisono.sample.score` turns it into notes, `synth` into sound.

    Attributes:
        seed: what the performance is drawn from.
        artist: index of the artist.
        genre, detail, mood, lead, backing: indices into the vocabulary.
        drums: 0 none, 1 drum kit, 2 drum machine.
        bass: whether there is a bass.
        style: the artist's style plus the track's own deviation.
        popularity: log.
    """

    seed: tuple[int, ...]
    artist: int
    genre: int
    detail: int
    mood: int
    lead: int
    backing: int
    drums: int
    bass: bool
    style: np.ndarray
    popularity: float


def normalised(weights: np.ndarray) -> np.ndarray:
    """Weights as probabilities."""
    return weights / weights.sum()


def major_weights() -> np.ndarray:
    """Each major genre's share of a catalogue."""
    return normalised(np.array([genre.weight for genre in GENRES], dtype=float))


def make_artists(rng: np.random.Generator, n_artists: int, genre_weights: np.ndarray) -> list[Artist]:
    """Draw artists; their homes follow `genre_weights` exactly up to rounding, so that no genre is left without one."""
    return [_make_artist(rng, genre) for genre in deal(rng, n_artists, genre_weights)]


def deal(rng: np.random.Generator, n: int, weights: np.ndarray) -> np.ndarray:
    """`n` category numbers in random order, near to `weights`, at least one of each where `n` leaves room for it."""
    edges = (np.arange(n) + 0.5) / n
    dealt = np.searchsorted(np.cumsum(weights), edges, side="right").clip(0, len(weights) - 1)
    missing = np.setdiff1d(np.flatnonzero(weights), dealt)
    if n >= 3 * len(weights):
        largest = np.argmax(np.bincount(dealt, minlength=len(weights)))
        dealt[np.flatnonzero(dealt == largest)[: len(missing)]] = missing
    return rng.permutation(dealt)


def _make_artist(rng: np.random.Generator, genre: int) -> Artist:
    detail = int(rng.choice(len(DETAIL_WEIGHTS), p=DETAIL_WEIGHTS))
    instruments = rng.dirichlet(np.full(len(INSTRUMENTS), ARTIST_TASTE)) + 0.05
    return Artist(
        genre=int(genre),
        detail=detail,
        moods=rng.dirichlet(np.full(len(MOODS), ARTIST_TASTE)),
        instruments=instruments,
        style=rng.standard_normal(STYLE_DIM),
        popularity=float(rng.normal(0, 0.6)),
    )


def make_tracks(
    rng: np.random.Generator,
    artists: list[Artist],
    artist_of_track: np.ndarray,
    genres: np.ndarray | None,
    seed: list[int],
) -> list[Track]:
    """Draw a track for each entry of `artist_of_track`.

    Args:
        genres: major genre of each track; None draws it from the artist's home and, now and then, elsewhere.
        seed: prefix of the tracks' own seeds.
    """
    return [
        _make_track(rng, int(a), artists[a], None if genres is None else int(genres[i]), (*seed, i))
        for i, a in enumerate(artist_of_track)
    ]


def _make_track(
    rng: np.random.Generator, number: int, artist: Artist, genre: int | None, seed: tuple[int, ...]
) -> Track:
    if genre is None:
        at_home = rng.random() < HOME_GENRE
        genre = artist.genre if at_home else int(rng.choice(len(GENRES), p=major_weights()))
    likes_home_detail = genre == artist.genre and rng.random() < 0.75
    detail = artist.detail if likes_home_detail else int(rng.choice(len(DETAIL_WEIGHTS), p=DETAIL_WEIGHTS))
    mood = int(rng.choice(len(MOODS), p=artist.moods))
    lead, backing = _choose_instruments(rng, genre, detail, artist)
    silent, kit, machine = GENRES[genre].drums
    audible = np.array([kit, machine]) * MOODS[mood].drums
    drums = int(rng.choice(3, p=normalised(np.array([silent, *audible]))))
    return Track(
        seed=seed,
        artist=number,
        genre=genre,
        detail=detail,
        mood=mood,
        lead=lead,
        backing=backing,
        drums=drums,
        bass=bool(rng.random() < (0.9 if drums else 0.35)),
        style=artist.style + 0.4 * rng.standard_normal(STYLE_DIM),
        popularity=artist.popularity + float(rng.normal(0, POPULARITY_STD)),
    )


def _choose_instruments(rng: np.random.Generator, genre: int, detail: int, artist: Artist) -> tuple[int, int]:
    """Lead and backing: what the genre usually has, weighted by what the artist likes to play."""
    usual = np.array(GENRES[genre].instruments, dtype=float) + 0.1
    lead_weights = usual.copy()
    lead_weights[GENRES[genre].details[detail].lead] += TYPICAL_LEAD
    lead = int(rng.choice(len(usual), p=normalised(lead_weights * artist.instruments)))
    backing_weights = usual * np.sqrt(artist.instruments)
    backing_weights[lead] *= 0.3
    return lead, int(rng.choice(len(usual), p=normalised(backing_weights)))
