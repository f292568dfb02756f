"""The formats by name: each is the module of this package that is called so."""

from importlib import import_module
from pathlib import Path

from unisono.corpora.reading.catalogue import Catalogue
from unisono.corpora.reading.interactions import with_log


def read_catalogue(format: str, root: Path) -> Catalogue:
    """Read the corpus in `root`, laid out as `format`, one of those that params.yaml may name.

    Only that format's module is loaded: what reads another corpus is none of this one's dependencies. The users of a
    listening log, which a folder of any format may hold beside its own files, are further playlists.

    Raises:
        UserError: what the format's reader and `with_log` raise.
    """
    return with_log(import_module(f"unisono.corpora.{format}").read(root))
