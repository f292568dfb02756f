"""The words of songs against counting them one by one."""

import math
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.modalities import song_words as room
from unisono.modalities.song_words import song_words

NAMES = ["rain", "비", "night drive", "a", "jazz"]
playlist = st.tuples(
    st.lists(st.sampled_from(["s1", "s2", "s3", "s4"]), max_size=5), st.lists(st.sampled_from(NAMES), unique=True)
)


def of(playlists: list[tuple[list[str], list[str]]]) -> tuple[pd.Series, pd.Series]:
    index = [f"p{number}" for number in range(len(playlists))]
    songs, words = ([pair[side] for pair in playlists] for side in (0, 1))
    return pd.Series(songs, index=index, dtype=object), pd.Series(words, index=index, dtype=object)


@given(st.lists(playlist, max_size=8), st.integers(1, 3), st.integers(1, 4))
def test_as_counted_one_by_one(playlists: list[tuple[list[str], list[str]]], least: int, most: int) -> None:
    holding = [(songs, words) for songs, words in playlists if songs]
    times = Counter(word for _, words in holding for word in words)
    known = {word for word, count in times.items() if count >= least}
    expected = {}
    for song in {song for songs, _ in holding for song in songs}:
        own = Counter(word for songs, words in holding if song in songs for word in words if word in known)
        if own:
            weight = {word: own[word] * math.log(len(holding) / times[word]) for word in own}
            expected[song] = sorted(own, key=lambda word: (-round(weight[word], 9), -times[word], word))[:most]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "MOST", most)
        found = song_words(*of(playlists), least)
    assert found.bags.to_dict() == expected
    assert (found.words, found.rare) == (len(known), len(times) - len(known))


def test_a_playlist_without_a_song_gives_no_word_to_anyone() -> None:
    found = song_words(*of([([], ["rain", "night"]), (["s"], ["rain"])]), least=1)
    assert found.bags.to_dict() == {"s": ["rain"]} and found.words == 1 and found.rare == 0
