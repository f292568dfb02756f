"""What somebody means by words: names in a text, and names that are near to a misspelt one."""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from unisono.errors import UserError

SUGGESTIONS = 8
NAMED = "\0"  # stands in a text where a name was; no name holds it


def folded(name: str) -> str:
    """A name however it is written: upper or lower case, accents as one character or as two, wide letters or narrow."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def near(name: str, known: Iterable[str], most: int = SUGGESTIONS, cutoff: float = 0.5) -> list[str]:
    """The known names that are spelt most like one, the nearest first."""
    by_folded = {folded(one): one for one in known if one}
    return [by_folded[one] for one in difflib.get_close_matches(folded(name), by_folded, most, cutoff)]


def names_in(text: str, known: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The names of each kind that a text has: "indie rock, jazz", or "fast jazz for a rainy evening".

    A name of two kinds is of the first. Of a kind, the longest names come first: "indie rock" does not name rock. They
    are whole words, however they are written. Other words beside them count for nothing.

    Args:
        known: the names of each kind, by what a message calls one of them.

    Raises:
        UserError: the text has no name, or nothing that it has between two commas is one.
    """
    found = {}
    rest = folded(text)
    for kind, names in known.items():
        found[kind], rest = _take_names(rest, names)
    unknown = [part.strip() for part in rest.split(",") if part.strip() and NAMED not in part]
    if unknown or not any(found.values()):
        wrong = unknown[0] if unknown else text
        everything = list(dict.fromkeys(chain.from_iterable(known.values())))
        shown = near(wrong, everything, cutoff=0.4) or everything[:SUGGESTIONS]
        more = ", ..." if len(everything) > len(shown) else ""
        kinds = " and no ".join(known)
        raise UserError(f"{wrong!r} names no {kinds} of this catalogue; there are {', '.join(shown)}{more}")
    return found


def _take_names(rest: str, known: Iterable[str]) -> tuple[list[str], str]:
    """The known names in a folded text, in its order, and the text without them."""
    by_name = defaultdict(list)
    for one in known:
        by_name[folded(one)].append(one)
    found: dict[str, int] = {}
    for name in sorted(by_name, key=len, reverse=True):
        if name not in rest:  # of tens of thousands of words, nearly all
            continue
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if place := re.search(pattern, rest):
            found |= dict.fromkeys(by_name[name], place.start())
            rest = re.sub(pattern, lambda match: NAMED * len(match[0]), rest)
    return sorted(found, key=lambda one: found[one]), rest
