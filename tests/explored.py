"""A page under test: served as a browser gets it, and over a catalogue that somebody with bad intentions made."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import uvicorn
import yaml
from embedded import REPO, embed_vectors, write_tone

from unisono.explore.music import Music
from unisono.explore.server import create_app

PAGE = "http://127.0.0.1:8765"
HOSTILE = {  # id: (title, artist, genres, source below music/)
    "../../secret": ("<script>document.title = 'broken'</script>", "<img src=x onerror=alert(1)>", ["<b>"], "tone.wav"),
    "a/b?c#d": ('"quoted" & <i>', "Ann", ["rock"], "sub/tone 2.wav"),
    "%2e%2e%2fsecret": ("Ünïcödé 다\u202e", "", [], "../secret.txt"),
    "link": ("A link to no audio", "Bob", ["rock"], "link.wav"),
    "gone": ("A file that is gone", "Bob", ["jazz"], "gone.wav"),
    "folder": ("A folder", "Bob", ["jazz"], "sub"),
}
SECRET = "nobody may read this"


def embed_hostile(folder: Path) -> Path:
    """A catalogue whose names and sources are chosen to break out of what they are put into."""
    rng = np.random.default_rng(0)
    tracks = pd.DataFrame(
        list(HOSTILE.values()), index=list(HOSTILE), columns=["title", "artist", "genres", "source"]
    ).rename_axis("track_id")
    embed_vectors(folder, tracks, rng.normal(size=(len(tracks), 6)), rng.normal(size=(len(tracks), 4)))
    params = yaml.safe_load((REPO / "params/folder.yaml").read_text(encoding="utf-8"))
    params["corpora"]["catalogue"]["root"] = "music"
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    write_tone(folder / "music/tone.wav", 440)
    write_tone(folder / "music/sub/tone 2.wav", 220)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "music/link.wav").symlink_to(folder / "secret.txt")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The page over a folder, on a port of 127.0.0.1, as a browser gets it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(create_app(Music(folder, "catalogue")), log_level="warning", lifespan="off")
        )
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
