"""What genres somebody means by words."""

import difflib
import re

from unisono.errors import UserError

SUGGESTIONS = 8


def genres_in(text: str, known: list[str]) -> list[str]:
    """The genres that `text` names: "indie rock, jazz" or "fast jazz".

    Between commas stands one genre each, if they are its whole name; otherwise the longest names that occur as words
    in the text count, whatever their case.

    Raises:
        UserError: it names none.
    """
    by_name = {genre.casefold(): genre for genre in known}
    listed = [part.strip().casefold() for part in text.split(",") if part.strip()]
    if listed and all(part in by_name for part in listed):
        return list(dict.fromkeys(by_name[part] for part in listed))
    found, rest = [], text.casefold()
    for name in sorted(by_name, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if re.search(pattern, rest):
            found.append(by_name[name])
            rest = re.sub(pattern, ",", rest)
    if not found:
        near = difflib.get_close_matches(text.casefold(), list(by_name), SUGGESTIONS, cutoff=0.4)
        shown = [by_name[name] for name in near] or known[:SUGGESTIONS]
        more = ", ..." if len(known) > len(shown) else ""
        raise UserError(f"{text!r} names no genre of this catalogue; there are {', '.join(shown)}{more}")
    return found
