"""The formats by name."""

from collections.abc import Callable
from pathlib import Path

from unisono.corpora import folder, gtzan, jamendo, magnatagatune, melon
from unisono.corpora.catalogue import Catalogue
from unisono.errors import UserError

READERS: dict[str, Callable[[Path], Catalogue]] = {
    "melon": melon.read,
    "folder": folder.read,
    "gtzan": gtzan.read,
    "jamendo": jamendo.read,
    "magnatagatune": magnatagatune.read,
}


def read_catalogue(format: str, root: Path) -> Catalogue:
    """Read the corpus in `root`, laid out as `format` (melon | folder | gtzan | jamendo | magnatagatune).

    Raises:
        UserError: the format is unknown, or what the format's reader raises.
    """
    if format not in READERS:
        raise UserError(f"corpora.*.format is '{format}', expected one of {', '.join(READERS)}")
    return READERS[format](root)
