"""Words to genres, and names that are nearly spelt so."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import UserError
from unisono.project.words import folded, names_in, near

GENRES = [
    "Rock",
    "Indie Rock",
    "jazz",
    "R&B",
    "C++ (beta)",
    "a.c",
    "발라드",
    "세부장르전체 (GN0101)",
    "Soul, Funk",
    "Électro",
]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("jazz", ["jazz"]),
        ("JAZZ,rock", ["jazz", "Rock"]),
        ("indie rock", ["Indie Rock"]),
        ("indie rock, rock", ["Indie Rock", "Rock"]),
        ("some fast Jazz with a bit of indie rock", ["jazz", "Indie Rock"]),
        ("jazz, jazz", ["jazz"]),
        ("r&b", ["R&B"]),
        ("c++ (beta)", ["C++ (beta)"]),
        ("발라드, 세부장르전체 (GN0101)", ["발라드", "세부장르전체 (GN0101)"]),
        (unicodedata.normalize("NFD", "발라드, électro"), ["발라드", "Électro"]),
        ("soul, funk, jazz", ["Soul, Funk", "jazz"]),
        ("ＪＡＺＺ ,, ", ["jazz"]),
    ],
)
def test_genres_are_found_in_the_order_of_the_text(text: str, named: list[str]) -> None:
    assert names_in(text, {"genre": GENRES}) == {"genre": named}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jaz", "'jaz' names no genre of this catalogue; there are jazz, ..."),
        ("rocky", "'rocky' names no genre of this catalogue; there are Rock, Indie Rock, ..."),
        ("abc", "'abc' names no genre of this catalogue; there are a.c, ..."),  # a dot is a dot
        ("jazz, 트로트, rock", "'트로트' names no genre of this catalogue; there are Rock, Indie Rock, jazz, "),
        ("", "'' names no genre of this catalogue; there are Rock, Indie Rock, jazz, "),
        (",\0", "names no genre of this catalogue"),
    ],
)
def test_what_names_none_is_told_with_what_there_is(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        names_in(text, {"genre": GENRES})
    assert message in str(caught.value)


def test_genres_that_differ_in_their_case_alone_are_both_meant() -> None:
    assert names_in("ROCK", {"genre": ["rock", "Rock", "folk"]}) == {"genre": ["rock", "Rock"]}


WORDS = ["rain", "rainy", "evening", "rainy day", "jazz", "카페", "90's"]


@pytest.mark.parametrize(
    ("text", "genres", "words"),
    [
        ("rainy evening", [], ["rainy", "evening"]),
        ("jazz for a Rainy Day", ["jazz"], ["rainy day"]),  # jazz is a genre before it is a word
        ("indie rock, evening rain", ["Indie Rock"], ["evening", "rain"]),
        ("카페, 90's", [], ["카페", "90's"]),
    ],
)
def test_words_of_playlists_are_names_as_well(text: str, genres: list[str], words: list[str]) -> None:
    assert names_in(text, {"genre": GENRES, "word": WORDS}) == {"genre": genres, "word": words}


def test_what_is_neither_is_told_with_what_is_near_of_both() -> None:
    with pytest.raises(
        UserError, match=r"'rany' names no genre and no word of this catalogue; there are rainy, rain, "
    ):
        names_in("jazz, rany", {"genre": GENRES, "word": WORDS})


@given(
    st.lists(st.text(st.characters(exclude_characters=","), min_size=1).filter(str.strip), min_size=1, unique_by=folded)
)
def test_every_genre_is_found_by_its_own_name(known: list[str]) -> None:
    """Among others, too, unless a longer one holds it."""
    for genre in known:
        assert genre in names_in(genre, {"genre": known})["genre"]


def test_near_names_are_those_spelt_alike_however_they_are_written() -> None:
    known = ["Battle of the North", "Northern Lights", "", "발라드", "Casualties"]
    assert near("NORTHERN LIGHT", known)[0] == "Northern Lights"
    assert near("casualtys", known) == ["Casualties"]
    assert near("xyzzy", known) == []
