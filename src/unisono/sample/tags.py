"""What annotators say about a track: noisy, multi-label views of its latents."""

import numpy as np

from unisono.sample.vocabulary import DETAIL_WEIGHTS, GENRES, INSTRUMENTS, MOODS
from unisono.sample.world import Track, major_weights

UNMAPPED_CODE = "GN9000"  # occurs in Melon's songs, but not in its map
TRUE_DETAIL, SIBLING_DETAIL = 0.8, 0.12  # shares of songs under their own detail genre and under one of the same major
TWO_DETAILS = 0.131  # Melon's share of songs with two detail genres
SECOND_IS_SIBLING = 0.6
SECOND_IS_UNMAPPED = 0.04


def genre_map() -> dict[str, str]:
    """{code: name} like Melon's genre_gn_all.json: GNxx00 major, GNxx01.. detail genres; the last is unused."""
    names = {}
    for g, genre in enumerate(GENRES):
        names[_code(g)] = genre.name.capitalize()
        for d, detail in enumerate(genre.details):
            names[_code(g, d)] = detail.name
        names[_code(g, len(genre.details))] = f"Other {genre.name.capitalize()}"
    return names


def _code(genre: int, detail: int | None = None) -> str:
    return f"GN{genre + 1:02d}{0 if detail is None else detail + 1:02d}"


def genre_codes(rng: np.random.Generator, track: Track) -> tuple[list[str], list[str]]:
    """Major and detail codes of a song; a fifth of the songs stand under a wrong detail genre, some under two."""
    roll = rng.random()
    if roll < TRUE_DETAIL:
        first = (track.genre, track.detail)
    elif roll < TRUE_DETAIL + SIBLING_DETAIL:
        first = _sibling(rng, track.genre, track.detail)
    else:
        first = _anything(rng)
    if rng.random() >= TWO_DETAILS:
        return [_code(first[0])], [_code(*first)]
    if rng.random() < SECOND_IS_UNMAPPED:
        return [_code(first[0]), UNMAPPED_CODE], [_code(*first), UNMAPPED_CODE]
    second = first
    while second == first:
        second = _sibling(rng, *first) if rng.random() < SECOND_IS_SIBLING else _anything(rng)
    return sorted({_code(first[0]), _code(second[0])}), [_code(*first), _code(*second)]


def _sibling(rng: np.random.Generator, genre: int, detail: int) -> tuple[int, int]:
    return genre, (detail + int(rng.integers(1, len(DETAIL_WEIGHTS)))) % len(DETAIL_WEIGHTS)


def _anything(rng: np.random.Generator) -> tuple[int, int]:
    genre = int(rng.choice(len(GENRES), p=major_weights()))
    return genre, int(rng.choice(len(DETAIL_WEIGHTS), p=DETAIL_WEIGHTS))


def jamendo_tags(rng: np.random.Generator, track: Track) -> dict[str, list[str]]:
    """Tags `category---name` by list name (genre, instrument, moodtheme); as in MTG-Jamendo, not all tracks have all.

    A present trait is mentioned often but not always, and now and then an absent one is.
    """
    genres = [GENRES[track.genre].name if rng.random() < 0.9 else _other(rng, GENRES)]
    if rng.random() < 0.15:
        genres.append(_other(rng, GENRES))
    heard = [(INSTRUMENTS[track.lead].name, 0.9), (INSTRUMENTS[track.backing].name, 0.7)]
    heard += [("bass", 0.6)] if track.bass else []
    heard += [(("drums", "drummachine")[track.drums - 1], 0.7)] if track.drums else []
    instruments = [name for name, mentioned in heard if rng.random() < mentioned]
    if rng.random() < 0.05:
        instruments.append(_other(rng, INSTRUMENTS))
    moods = [MOODS[track.mood].name if rng.random() < 0.85 else _other(rng, MOODS)]
    if rng.random() < 0.2:
        moods.append(_other(rng, MOODS))
    return {
        "genre": _tags("genre", genres),
        "instrument": _tags("instrument", instruments) if rng.random() < 0.75 else [],
        "moodtheme": _tags("mood/theme", moods) if rng.random() < 0.65 else [],
    }


def _other(rng: np.random.Generator, things: tuple) -> str:
    return str(things[rng.integers(len(things))].name)


def _tags(category: str, names: list[str]) -> list[str]:
    return [f"{category}---{name}" for name in sorted(set(names))]
