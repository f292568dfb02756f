"""The page on 127.0.0.1, until Ctrl-C."""

import socket
import sys
import webbrowser
from pathlib import Path

import uvicorn

from unisono.errors import UserError
from unisono.explore.music import Music
from unisono.explore.server import create_app

HOST = "127.0.0.1"
CONNECTIONS = 200  # at once; those beyond are told 503


def serve(project: Path, corpus: str, port: int, browser: bool) -> None:
    """Serve the page, and open it in the browser.

    Args:
        port: 0 takes any that is free.

    Raises:
        UserError: nothing was embedded there, or the port is taken.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise UserError(f"port {port}: {error.strerror}; name another with --port, or 0 for any") from None
        listening.listen()  # what comes before the server does waits for it
        music = Music(project, corpus)
        print("opening the catalogue; the first time its map is laid out, which takes up to a minute", file=sys.stderr)
        music.map(music.models[0])
        address = f"http://{HOST}:{listening.getsockname()[1]}/"
        print(f"{address}  (Ctrl-C ends it)", file=sys.stderr)
        if browser:
            webbrowser.open(address)
        config = uvicorn.Config(
            create_app(music), log_level="warning", limit_concurrency=CONNECTIONS, ws="none", lifespan="off"
        )
        uvicorn.Server(config).run([listening])
