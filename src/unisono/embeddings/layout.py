"""A catalogue as a map: tracks that are alike lie side by side."""

import glob
import hashlib
import uuid
from pathlib import Path

import numpy as np
import pandas as pd

from unisono.embeddings.neighbours import nearest_exact, normalised
from unisono.errors import saying_what_the_disk_said

LANDMARKS = 2500  # t-SNE lays out so many in some 15 seconds of one core, and 100,000 in many minutes
NEAREST = 3  # landmarks that a further track is placed between
PERPLEXITY = 30
LEAST = 8  # fewer tracks have no neighbourhoods to keep
COLOURS = 8  # genres that have a colour of their own: more cannot be told apart
OTHER = "other"
MAPS = Path("data/maps")


def layout(vectors_ND: np.ndarray, seed: int = 0) -> np.ndarray:
    """Places (n, 2) float32 from -1 to 1 for vectors (n, d): t-SNE of at most `LANDMARKS` of them, by cosine.

    Every other vector goes between its nearest landmarks, the nearer the more like it, so that time is bounded by the
    landmarks, however many tracks there are. The same vectors have the same places.

    Source: van der Maaten and Hinton 2008; initialised by PCA, which keeps the large structure (Kobak and Berens 2019).
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    n = len(vectors_ND)
    units_ND = normalised(np.asarray(vectors_ND))
    chosen_L = np.arange(n)
    if n > LANDMARKS:
        chosen_L = np.sort(np.random.default_rng(seed).choice(n, LANDMARKS, replace=False))
    marks_LD = units_ND[chosen_L]
    left_LD, length_D, _ = np.linalg.svd(marks_LD - marks_LD.mean(axis=0), full_matrices=False)
    start_L2 = np.zeros((len(chosen_L), 2), dtype=np.float32)
    start_L2[:, : len(length_D)] = (left_LD * length_D)[:, :2]
    spread = start_L2[:, 0].std()
    if n >= LEAST and spread > 1e-6:  # else all are one
        perplexity = min(PERPLEXITY, (len(chosen_L) - 1) / 3)
        tsne = TSNE(perplexity=perplexity, init=start_L2 / spread * 1e-4, random_state=seed)
        with threadpool_limits(1):  # the other cores answer meanwhile; and threads that wait for one another are slower
            start_L2 = tsne.fit_transform(marks_LD)
    return _into_frame(_between(units_ND, marks_LD, start_L2) if n > LANDMARKS else start_L2)


def colour_genres(genres: pd.Series) -> tuple[list[str], list[int]]:
    """The names of the most frequent genres and `OTHER`; and which of them colours each track, its first that has one.

    Args:
        genres: a list of names a track.
    """
    coloured = sorted(genres.explode().value_counts().index[:COLOURS])
    number = {genre: place for place, genre in enumerate(coloured)}
    of_tracks = [next((number[genre] for genre in names if genre in number), len(coloured)) for names in genres]
    return [*coloured, OTHER], of_tracks


def cached_layout(vectors_ND: np.ndarray, project: Path, name: str) -> np.ndarray:
    """As `layout`, kept in the project's `MAPS` under `name` until the vectors are others.

    Raises:
        UserError: the map cannot be kept.
    """
    digest = hashlib.sha256(np.ascontiguousarray(vectors_ND).data).hexdigest()[:16]
    file = project / MAPS / f"{name}-{digest}.npy"
    if file.exists():
        places_N2: np.ndarray = np.load(file, allow_pickle=False)
        return places_N2
    places_N2 = layout(vectors_ND)
    with saying_what_the_disk_said("keeping the map", str(file.parent)):
        file.parent.mkdir(parents=True, exist_ok=True)
        for outdated in file.parent.glob(f"{glob.escape(name)}-{'?' * 16}.npy"):
            outdated.unlink(missing_ok=True)
        work = file.with_suffix(f".{uuid.uuid4().hex}")
        with work.open("wb") as output:
            np.save(output, places_N2)
        work.replace(file)
    return places_N2


def _between(units_ND: np.ndarray, marks_LD: np.ndarray, places_L2: np.ndarray) -> np.ndarray:
    """A place (N, 2) for each vector: the mean of its nearest landmarks', weighed by how much nearer than the next."""
    nearest_NK, similarity_NK = nearest_exact(units_ND, marks_LD, NEAREST + 1)
    weight_NK = similarity_NK[:, :NEAREST] - similarity_NK[:, NEAREST:] + 1e-6
    weight_NK /= weight_NK.sum(axis=1, keepdims=True)
    places_N2: np.ndarray = np.einsum("nk,nkc->nc", weight_NK, places_L2[nearest_NK[:, :NEAREST]])
    return places_N2


def _into_frame(places_N2: np.ndarray) -> np.ndarray:
    low_2, high_2 = places_N2.min(axis=0), places_N2.max(axis=0)
    reach = max(float((high_2 - low_2).max()) / 2, 1e-9)
    return ((places_N2 - (low_2 + high_2) / 2) / reach).astype(np.float32)
