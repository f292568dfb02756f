"""A page to see and hear what a model takes for similar."""

from typing import Annotated

import typer

from unisono.cli.find import CATALOGUE, HERE, Corpus, Folder
from unisono.errors import UserError


def explore(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0 takes any that is free.")] = 8765,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only say the address.")] = False,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
) -> None:
    """Walk through the catalogue on a local page: a map, neighbours, playlists, paths, with each model's ears.

    Nobody but this machine can reach it. Its address answers programs as well: /docs says how.
    """
    try:
        from unisono.explore.serve import serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise UserError(f"the page needs {error.name}; install it: pip install 'unisono[explore]'") from None
    serve(project, corpus, port, not no_browser)


COMMANDS = [explore]
