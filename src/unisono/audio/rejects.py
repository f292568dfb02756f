"""Why a file cannot be used, and what is safe to open at all."""

import stat
from pathlib import Path


class RejectError(Exception):
    """A track that cannot be used; the message is the reason.

    Attributes:
        lasts: whether another attempt would end the same; not so where a file is missing.
    """

    def __init__(self, reason: str, lasts: bool = True) -> None:
        super().__init__(reason)
        self.lasts = lasts


def size_of_file(path: Path) -> int:
    """The size in bytes of a regular file; nothing else is safe to open (a FIFO would wait for ever).

    Raises:
        RejectError: it is missing, unreadable or something else, or the path cannot be one.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RejectError("missing file", lasts=False) from None
    except OSError as error:
        raise RejectError(f"unreadable file ({error.strerror})", lasts=False) from None
    except ValueError:
        raise RejectError("no path of a file") from None
    if not stat.S_ISREG(status.st_mode):
        raise RejectError("no regular file")
    return status.st_size
