"""The words of a playlist: those of its title, and its tags, each of which is one word however many it has."""

import unicodedata
from collections.abc import Iterable

APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
SELECTORS = range(0xFE00, 0xFE10)  # marks that choose how an emoji looks


def playlist_words(title: str, tags: Iterable[str] = ()) -> list[str]:
    """The words of a title, then the tags, each once: "Rainy DAY ☔", ["Lo-Fi"] to ["rainy", "day", "lo-fi"]."""
    return list(dict.fromkeys([*title_words(title), *(_whole(tag) for tag in tags if title_words(tag))]))


def title_words(title: str) -> list[str]:
    """The words of a text in any script, lower case: letters, digits, their marks, and apostrophes inside a word.

    Punctuation, emoji, and whatever else is no part of a word stand between words. Characters that are written in more
    than one way are brought to one (NFKC).
    """
    spaced = "".join(character if _is_of_a_word(character) else " " for character in _lower(title))
    words = (word.replace(APOSTROPHES[1], "'").strip("'") for word in spaced.split())
    return [word for word in words if any(unicodedata.category(character)[0] in "LN" for character in word)]


def _whole(tag: str) -> str:
    """A tag as one word, without the control characters and lone surrogates that no table takes."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in _lower(tag)).split())


def _is_of_a_word(character: str) -> bool:
    if character in APOSTROPHES:
        return True
    category = unicodedata.category(character)
    return category[0] in "LN" or (category in ("Mn", "Mc") and ord(character) not in SELECTORS)


def _lower(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
