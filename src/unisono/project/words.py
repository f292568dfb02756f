"""What somebody means by words: names of genres in a text, and names that are near to a misspelt one."""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable

from unisono.errors import UserError

SUGGESTIONS = 8
NAMED = "\0"  # stands in a text where a genre was named; no name holds it


def folded(name: str) -> str:
    """A name however it is written: upper or lower case, accents as one character or as two, wide letters or narrow."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def near(name: str, known: Iterable[str], most: int = SUGGESTIONS, cutoff: float = 0.5) -> list[str]:
    """The known names that are spelt most like one, the nearest first."""
    by_folded = {folded(one): one for one in known if one}
    return [by_folded[one] for one in difflib.get_close_matches(folded(name), by_folded, most, cutoff)]


def genres_in(text: str, known: Collection[str]) -> list[str]:
    """The genres that a text names: "indie rock, jazz", or "fast jazz".

    The longest names come first: "indie rock" does not name rock. They are whole words, however they are written. Other
    words beside them count for nothing.

    Raises:
        UserError: the text names none, or nothing that it has between two commas does.
    """
    by_name = defaultdict(list)
    for genre in known:
        by_name[folded(genre)].append(genre)
    found: dict[str, int] = {}
    rest = folded(text)
    for name in sorted(by_name, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if place := re.search(pattern, rest):
            found |= dict.fromkeys(by_name[name], place.start())
            rest = re.sub(pattern, lambda match: NAMED * len(match[0]), rest)
    unknown = [part.strip() for part in rest.split(",") if part.strip() and NAMED not in part]
    if unknown or not found:
        wrong = unknown[0] if unknown else text
        shown = near(wrong, known, cutoff=0.4) or list(known)[:SUGGESTIONS]
        more = ", ..." if len(known) > len(shown) else ""
        raise UserError(f"{wrong!r} names no genre of this catalogue; there are {', '.join(shown)}{more}")
    return sorted(found, key=lambda genre: found[genre])
