"""The catalogue behind the page: opened once a model, searched by name, drawn as a map."""

import io
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

import unisono
from unisono.errors import UserError
from unisono.explore.layout import cached_layout
from unisono.project.catalogue import OpenCatalogue
from unisono.project.words import folded

COLOURS = 8  # genres that have a colour of their own: more cannot be told apart
MEL_FRAMES = 1500  # of a picture, at most
OTHER = "other"


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
        self._named = cache(lambda model: [folded(name) for name in _names(self.catalogue(model).tracks)])
        first = unisono.open_catalogue(project, corpus)
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

    def map(self, model: str) -> dict[str, Any]:
        """The places of the tracks, and which of the genres colours each; genres are the most frequent ones, and other.

        Raises:
            UserError: as `catalogue`, or the map cannot be kept.
        """
        catalogue = self.catalogue(model)
        with self._lock:  # two tabs wait for one map
            places_N2 = cached_layout(catalogue.vectors_ND, self.project, f"{self.corpus}-{model}")
        counts = catalogue.tracks["genres"].explode().value_counts()
        coloured = sorted(counts.index[:COLOURS])
        number = {genre: place for place, genre in enumerate(coloured)}
        colours = [
            next((number[genre] for genre in genres if genre in number), len(coloured))
            for genres in catalogue.tracks["genres"]
        ]
        x, y = np.round(places_N2.T.astype(float), 4).tolist()
        return {"x": x, "y": y, "colour": colours, "genres": [*coloured, OTHER]}

    def tracks(self, model: str) -> dict[str, list]:
        """The columns of the tracks, in the order of the map."""
        tracks = self.catalogue(model).tracks
        return {"id": tracks.index.tolist()} | {name: tracks[name].tolist() for name in ("title", "artist", "genres")}

    def named(self, model: str, text: str, k: int) -> pd.DataFrame:
        """The first k tracks whose title, artist, id or a genre has the text in it, however it is written."""
        wanted = folded(text.strip())
        rows = [row for row, names in enumerate(self._named(model)) if wanted in names] if wanted else []
        return self.catalogue(model).tracks.iloc[rows[:k]]

    def mel_picture(self, model: str, track_id: str) -> bytes:
        """A PNG of what the encoder is given of a track: time to the right, frequency up."""
        from matplotlib.image import imsave

        frames_TF = self.catalogue(model).frames_of(track_id)[:MEL_FRAMES].astype(np.float32)
        picture = io.BytesIO()
        imsave(picture, frames_TF.T, cmap="magma", origin="lower", format="png")
        return picture.getvalue()


def _names(tracks: pd.DataFrame) -> list[str]:
    """What each track is found by, in one text."""
    columns = (tracks["title"], tracks["artist"], tracks.index, tracks["genres"].map("\n".join))
    return ["\n".join(names) for names in zip(*columns, strict=True)]
