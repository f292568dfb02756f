"""From the tracks that somebody names to points: those of the catalogue have one, files from elsewhere are embedded."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unisono.errors import UserError
from unisono.project.names import TrackNames
from unisono.project.space import Side, Space

logger = logging.getLogger(__name__)

Track = str | os.PathLike[str]
Tracks = Track | Iterable[Track]


@dataclass(frozen=True)
class Seeds:
    """Tracks that were asked for.

    Attributes:
        rows: of those that the catalogue has.
        points_QD: of all; those of files from elsewhere come last.
    """

    rows: np.ndarray
    points_QD: np.ndarray


def find_seeds(
    tracks: Tracks, names: TrackNames, space: Space, model: Callable[[], Path], encoder: str, *, strict: bool = True
) -> Seeds:
    """Look tracks up, and embed those that are files from elsewhere.

    Args:
        model: the folder of the encoder, or why there is none: asked for only where a file is to be embedded.
        encoder: its weights as the catalogue's vectors need them, by `digest`.

    Raises:
        UserError: a track is unknown; the encoder is another one; or a file cannot be used, which is only a warning if
            not `strict`.
    """
    wanted: list[Track] = [tracks] if isinstance(tracks, str | os.PathLike) else list(tracks)
    rows = [names.row(track) for track in wanted]
    files = [track for track, row in zip(wanted, rows, strict=True) if row is None]
    rows_Q = np.array([row for row in rows if row is not None], dtype=np.int64)
    embedded = _embed(files, space, model(), encoder, strict) if files else []
    return Seeds(rows_Q, np.concatenate([space.points(rows_Q), *embedded]))


def _embed(files: list[Track], space: Space, model: Path, encoder: str, strict: bool) -> list[np.ndarray]:
    from unisono.audio.rejects import RejectError

    points = []
    sides = [_embed_side(files, side, model, encoder) for side in space.sides]
    for file, *vectors in zip(files, *sides, strict=True):
        reject = next((vector for vector in vectors if isinstance(vector, RejectError)), None)
        if reject is None:
            points.append(space.point(vectors)[None])
        elif strict:
            raise UserError(f"{os.fspath(file)}: {reject}")
        else:
            logger.warning("%s: left out (%s)", os.fspath(file), reject)
    return points


def _embed_side(files: list[Track], side: Side, folder: Path, encoder: str) -> list:
    """Each file's vector of one side, or the reject that it is."""
    from unisono.audio.rejects import RejectError
    from unisono.embeddings.model import Model  # torch takes seconds to load
    from unisono.encoders.saved import digest

    model = Model(folder, layer=side.layer)
    if digest(model.encoder) != encoder:
        raise UserError(
            f"{folder}: holds another encoder than the one that embedded the catalogue, so that a file cannot be"
            " compared with its tracks; run `make repro`"
        )
    return [found if isinstance(found, RejectError) else found.mean_D for _, found in model.embed_files(files)]
