"""What listeners call their playlists: titles and tags that say what a playlist is about, as people do, or say nothing.

A maker names the trait that the playlist was made for, and others that most of its songs happen to share; with words of
their own, beside words that mean nothing, in any case, at times with an emoji, at times beside the point.
"""

from collections import Counter
from typing import Any

import numpy as np

from unisono.sample.vocabulary import GENRES, INSTRUMENTS, MOODS
from unisono.sample.world import Track

# What makers write for a mood, beside its own word.
OF_MOOD = {
    "happy": ("happy", "good mood", "summer morning"),
    "energetic": ("running", "power", "gym"),
    "relaxing": ("coffee", "chill", "lazy sunday"),
    "sad": ("rainy evening", "tears", "lonely"),
    "dark": ("dark", "night drive", "shadows"),
    "dream": ("dreamy", "sleep", "floating"),
}
FILLERS = ("songs", "music", "my favourites", "best of", "playlist", "vol. 2", "for you", "mix", "the best", "2019")
EMOJI = ("\N{HEADPHONE}", "\N{MULTIPLE MUSICAL NOTES}", "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}", "~", "!!")
TRAITS = ("mood", "genre", "detail", "lead")
NAMELESS = 0.03  # share of playlists without a title
MEANINGLESS = 0.12  # share of titles, and of tags, that say nothing of the music
WRONG = 0.05  # share of names that are of something else
NAMED = 0.85  # chance that the trait that the playlist is about is named
MOST_TAGS = 4


def make_title(rng: np.random.Generator, songs: list[Track], first: Track, about: str) -> dict[str, Any]:
    """The keys `plylst_title`, a text or None, and `tags` of a playlist's record."""
    said, tagged = (_names(rng, songs, first, about) for _ in range(2))
    title = [*said[:2], *_some(rng, FILLERS, 0.6)] if rng.random() >= MEANINGLESS else _some(rng, FILLERS, 1.0)
    text = " ".join([*rng.permutation(title).tolist(), *_some(rng, EMOJI, 0.2)])
    tags = [*tagged, *_some(rng, FILLERS, 0.3)] if rng.random() >= MEANINGLESS else _some(rng, FILLERS, 0.5)
    shown = (text, text.title(), text.upper())[rng.choice(3, p=[0.6, 0.3, 0.1])]
    return {"plylst_title": None if rng.random() < NAMELESS else shown, "tags": list(dict.fromkeys(tags))[:MOST_TAGS]}


def _names(rng: np.random.Generator, songs: list[Track], first: Track, about: str) -> list[str]:
    """Names of what a playlist is about and of what its songs share, the former first."""
    about = about if about in TRAITS else "mood"  # a style has no name; a mood is what comes nearest
    named = []
    for trait in sorted(TRAITS, key=lambda trait: trait != about):
        value, count = Counter(_value(song, trait) for song in songs).most_common(1)[0]
        value, chance = (_value(first, trait), NAMED) if trait == about else (value, count / len(songs))
        if rng.random() < chance:
            named.append(_name(rng, trait, value if rng.random() >= WRONG else _value(_any_of(rng, songs), trait)))
    return named


def _value(track: Track, trait: str) -> tuple[int, ...]:
    return (track.genre, track.detail) if trait == "detail" else (getattr(track, trait),)


def _name(rng: np.random.Generator, trait: str, value: tuple[int, ...]) -> str:
    match trait:
        case "mood":
            mood = MOODS[value[0]]
            return _any_of(rng, (mood.word, *OF_MOOD[mood.name]))
        case "genre":
            return GENRES[value[0]].name
        case "detail":
            return GENRES[value[0]].details[value[1]].name
        case _:
            return INSTRUMENTS[value[0]].name


def _some(rng: np.random.Generator, words: tuple[str, ...], chance: float) -> list[str]:
    """One of the words, or none."""
    return [_any_of(rng, words)] if rng.random() < chance else []


def _any_of(rng: np.random.Generator, values: Any) -> Any:
    return values[rng.integers(len(values))]
