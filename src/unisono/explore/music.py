"""The catalogue behind the page: opened once a model, searched by name, drawn as a map."""

import io
import json
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

import unisono
from unisono.embeddings.layout import cached_layout, colour_genres
from unisono.errors import UserError
from unisono.project.catalogue import OpenCatalogue
from unisono.project.embedded import ALIGNED
from unisono.project.words import folded

MEL_FRAMES = 1500  # of a picture, at most


class Music:
    """The catalogue of a project's corpus, with each model that embedded it.

    Args:
        project: where the pipeline ran.
        corpus: its name in params.yaml.

    Attributes:
        models: their names, the trained one first.
        plays: whether its tracks have audio files.

    Raises:
        UserError: nothing was embedded there.
    """

    def __init__(self, project: Path, corpus: str) -> None:
        self.project, self.corpus = project, corpus
        self._lock = Lock()
        self._open = cache(lambda model: unisono.open_catalogue(project, corpus, model))
        self._map = cache(_map)  # a large one takes half a second to put together
        self._tracks = cache(_columns)
        self._named = cache(_names)
        first = self._open(ALIGNED)
        self.models = first.models
        try:
            first.file_of(first.tracks.index[0])
            self.plays = True
        except UserError:
            self.plays = False

    def catalogue(self, model: str) -> OpenCatalogue:
        """The catalogue as a model has embedded it.

        Raises:
            UserError: there is no such model, or its vectors are damaged.
        """
        with self._lock:
            return self._open(model)

    def map(self, model: str) -> bytes:
        """JSON: the places of the tracks, and which of the genres colours each: the most frequent ones, and other.

        Raises:
            UserError: as `catalogue`, or the map cannot be kept.
        """
        catalogue = self.catalogue(model)
        with self._lock:  # two tabs wait for one map
            return self._map(catalogue)

    def tracks(self, model: str) -> bytes:
        """JSON: the columns of the tracks, in the order of the map."""
        return self._tracks(self.catalogue(model))

    def named(self, model: str, text: str, k: int) -> pd.DataFrame:
        """The first k tracks whose title, artist, id or a genre has the text in it, however it is written."""
        wanted = folded(text.strip())
        catalogue = self.catalogue(model)
        rows = [row for row, names in enumerate(self._named(catalogue)) if wanted in names] if wanted else []
        return catalogue.tracks.iloc[rows[:k]]

    def mel_picture(self, model: str, track_id: str) -> bytes:
        """A PNG of what the encoder is given of a track: time to the right, frequency up."""
        from matplotlib.image import imsave

        frames_TF = self.catalogue(model).frames_of(track_id)[:MEL_FRAMES].astype(np.float32)
        picture = io.BytesIO()
        imsave(picture, frames_TF.T, cmap="magma", origin="lower", format="png")
        return picture.getvalue()


def _map(catalogue: OpenCatalogue) -> bytes:
    name = f"{catalogue.corpus}-{catalogue.model}"
    x_N, y_N = np.round(cached_layout(catalogue.vectors_ND, catalogue.folder, name).T.astype(float), 4)
    genres, colours = colour_genres(catalogue.tracks["genres"])
    return _json({"x": x_N.tolist(), "y": y_N.tolist(), "colour": colours, "genres": genres})


def _columns(catalogue: OpenCatalogue) -> bytes:
    columns = {name: catalogue.tracks[name].tolist() for name in ("title", "artist", "genres")}
    return _json({"id": catalogue.tracks.index.tolist()} | columns)


def _names(catalogue: OpenCatalogue) -> list[str]:
    """What each track is found by, in one text."""
    tracks = catalogue.tracks
    columns = (tracks["title"], tracks["artist"], tracks.index, tracks["genres"].map("\n".join))
    return [folded("\n".join(names)) for names in zip(*columns, strict=True)]


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
