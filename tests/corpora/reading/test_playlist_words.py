"""The words of a playlist: titles in any script taken apart, tags whole, nothing that is no word."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.corpora.reading.catalogue import Catalogue, empty, write_tables
from unisono.corpora.reading.files import playlists_table
from unisono.corpora.reading.playlist_words import playlist_words, title_words


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Rainy Evening", ["rainy", "evening"]),
        ("비 오는 날, 카페에서☕️ 듣는 노래", ["비", "오는", "날", "카페에서", "듣는", "노래"]),
        ("❤️‍🔥♬ 90's R&B ♬ (don’t stop!!)", ["90's", "r", "b", "don't", "stop"]),
        ("소나기", ["소나기"]),
        ("ＷＩＤＥ １", ["wide", "1"]),
        ("हिन्दी गाने", ["हिन्दी", "गाने"]),
        ("snake_case-and-more", ["snake", "case", "and", "more"]),
        ("♪♫ ~ '' 💃🏽 1️⃣", ["1"]),
        ("  ", []),
    ],
)
def test_titles_in_many_scripts(title: str, words: list[str]) -> None:
    assert title_words(title) == words


def test_tags_are_whole_and_each_word_is_there_once() -> None:
    words = playlist_words("Lo-Fi Night, night", ["Lo-Fi", "  Rainy \t Day ", "NIGHT", "🎧", "", "가요"])
    assert words == ["lo", "fi", "night", "lo-fi", "rainy day", "가요"]


@given(st.text(st.characters(codec=None)), st.lists(st.text(st.characters(codec=None))))
def test_any_text_gives_words_that_a_table_takes(
    tmp_path_factory: pytest.TempPathFactory, title: str, tags: list[str]
) -> None:
    words = playlist_words(title, tags)
    assert all(word == word.strip() and word for word in words) and len(set(words)) == len(words)
    assert title_words(" ".join(title_words(title))) == title_words(title)
    folder = tmp_path_factory.getbasetemp()
    tracks = empty("genres", "artists", "source", index="track_id")
    write_tables(Catalogue(folder, tracks, playlists_table({"p": ["1"]}, titles={"p": (title, tags)})), folder)
    assert list(pd.read_parquet(folder / "playlists.parquet")["words"][0]) == words
