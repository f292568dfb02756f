"""Listeners and the playlists they make: tastes over mood, genre, instruments and artists, and popularity.

A playlist starts from one song that its maker loves, and asks of every song how well it fits: the same mood, genre,
detail genre, lead instrument or artist, and an artist of like style. How much each of these counts differs from
playlist to playlist ("songs for a rainy day" is about mood, "90s hip-hop" about genre), with mood and sound together
counting for more than genre, so that playlists know what genre tags do not. All of it is audible in the tracks;
popularity, which is not, decides among equals: it has a heavy tail, as everywhere, so that few songs are in many
playlists and many in few. The playlist's songs are then drawn without replacement in proportion to exp(fit).
"""

from dataclasses import dataclass

import numpy as np

from unisono.sample.world import Artist, Track

MEDIAN_LENGTH, MEAN_LENGTH, MAX_LENGTH, MIN_LENGTH = 30.0, 45.9, 200, 3  # Melon's
LARGEST_SHARE = 0.25  # a playlist is no longer than this share of the catalogue
# What counts, and how much (in nats) when it alone counts; a playlist draws its own mixture of the five.
# Genre counts as much as mood: on Melon an encoder that knows genres alone continues playlists about as well as one
# that knows playlists alone (Ferraro et al. 2021, Table 3: nDCG@100 of 0.0074 and 0.0076).
FIT = {"mood": 9.0, "genre": 9.0, "detail": 3.0, "lead": 6.0, "style": 6.0}
MIXTURE = 1.5  # Dirichlet concentration of that mixture: most playlists are about two or three of the five
SAME_ARTIST = 1.5  # nats that a song by the first song's artist gains
LIKED_ARTIST = 1.0  # nats that a song by one of the listener's favourite artists gains
FAVOURITES = 0.05  # share of all artists that a listener likes
PLAYLISTS_PER_LISTENER = 3


@dataclass(frozen=True)
class Playlist:
    """A playlist: song numbers, and the song and the trait that it is about."""

    songs: np.ndarray
    first: int
    about: str


@dataclass(frozen=True)
class _Crowd:
    """The tracks' latents as arrays, one row a track."""

    traits: dict[str, np.ndarray]  # equal where two tracks share the trait
    artist: np.ndarray
    style: np.ndarray
    popularity: np.ndarray


def make_playlists(
    rng: np.random.Generator, artists: list[Artist], tracks: list[Track], n_playlists: int
) -> list[Playlist]:
    """Draw playlists that together contain every track at least once."""
    crowd = _Crowd(
        traits={
            "mood": np.array([track.mood for track in tracks]),
            "genre": np.array([track.genre for track in tracks]),
            "detail": np.array([10 * track.genre + track.detail for track in tracks]),
            "lead": np.array([track.lead for track in tracks]),
        },
        artist=np.array([track.artist for track in tracks]),
        style=np.array([track.style for track in tracks]),
        popularity=np.array([track.popularity for track in tracks]),
    )
    n_listeners = max(1, n_playlists // PLAYLISTS_PER_LISTENER)
    likes = rng.random((n_listeners, len(artists))) < FAVOURITES
    listeners = rng.integers(n_listeners, size=n_playlists)
    fits, playlists = [], []
    for listener, length in zip(listeners, _lengths(rng, n_playlists, len(tracks)), strict=True):
        first = _pick(rng, crowd.popularity + LIKED_ARTIST * likes[listener][crowd.artist], 1)[0]
        mixture = rng.dirichlet(np.full(len(FIT), MIXTURE))
        taste = _fit(crowd, first, mixture) + LIKED_ARTIST * likes[listener][crowd.artist]
        chosen = _pick(rng, taste + crowd.popularity, length)
        fits.append(taste)
        playlists.append(Playlist(chosen, int(first), list(FIT)[int(np.argmax(mixture))]))
    return _place_the_unheard(rng, playlists, np.array(fits))


def _fit(crowd: _Crowd, first: int, mixture: np.ndarray) -> np.ndarray:
    """How well each track goes with the first, in nats."""
    fit = SAME_ARTIST * (crowd.artist == crowd.artist[first])
    for (name, weight), share in zip(FIT.items(), mixture, strict=True):
        if name == "style":
            distance = np.sum((crowd.style - crowd.style[first]) ** 2, axis=1)
            fit = fit + share * weight * np.exp(-distance / 2)
        else:
            fit = fit + share * weight * (crowd.traits[name] == crowd.traits[name][first])
    return fit


def _pick(rng: np.random.Generator, log_weight: np.ndarray, count: int) -> np.ndarray:
    """Draw without replacement with probability in proportion to exp(log_weight) (Gumbel top-k)."""
    return np.argsort(-(log_weight + rng.gumbel(size=len(log_weight))), kind="stable")[:count]


def _lengths(rng: np.random.Generator, n_playlists: int, n_tracks: int) -> np.ndarray:
    """Log-normal lengths with Melon's median and mean, cut off where the catalogue is too small for them."""
    sigma = np.sqrt(2 * np.log(MEAN_LENGTH / MEDIAN_LENGTH))
    lengths = np.rint(MEDIAN_LENGTH * np.exp(sigma * rng.standard_normal(n_playlists))).astype(int)
    return np.clip(lengths, MIN_LENGTH, min(MAX_LENGTH, int(LARGEST_SHARE * n_tracks)))


def _place_the_unheard(rng: np.random.Generator, playlists: list[Playlist], fits: np.ndarray) -> list[Playlist]:
    """Add every song that nobody has chosen to one playlist that it fits: these are songs in one playlist only."""
    unheard = np.setdiff1d(np.arange(fits.shape[1]), np.concatenate([playlist.songs for playlist in playlists]))
    roomy = np.array([len(playlist.songs) < MAX_LENGTH for playlist in playlists])
    added: dict[int, list[int]] = {}
    for song in unheard.tolist():
        added.setdefault(int(_pick(rng, np.where(roomy, fits[:, song], -np.inf), 1)[0]), []).append(song)
    return [
        Playlist(np.concatenate([p.songs, np.array(added.get(i, []), dtype=int)])[:MAX_LENGTH], p.first, p.about)
        for i, p in enumerate(playlists)
    ]
