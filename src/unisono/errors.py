"""What a user can get wrong, said in a sentence instead of a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake that the user can mend.

    The message names the file or key, what was found, what was expected, and what to do next.
    """


@contextmanager
def saying_what_the_disk_said(doing: str, places: str) -> Iterator[None]:
    """Say in a sentence what kept restartable work, such as "packing gtzan", from reading or writing in `places`.

    Raises:
        UserError: an `OSError` came up, for want of space or of a right.
    """
    try:
        yield
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"{doing}: {what} ({error.filename or places}); mend that and run again: it goes on where it stopped"
        ) from None
