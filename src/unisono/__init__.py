"""Audio embeddings aligned with genres and playlists.

    model = unisono.load()                           # an encoder, audio in, vectors out: the one in the package
    model = unisono.load("data/models/trained")      # or one that you trained
    catalogue = unisono.open_catalogue(".")          # what the pipeline embedded: similar tracks, playlists, words

These two are the whole public interface.
"""

import os
from typing import TYPE_CHECKING

from unisono import process as process  # first of all

if TYPE_CHECKING:
    from unisono.embeddings.model import Model
    from unisono.project.catalogue import OpenCatalogue

__all__ = ["load", "open_catalogue"]


def load(
    folder: str | os.PathLike[str] | None = None,
    *,
    layer: str | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> "Model":
    """Load a trained encoder; see `unisono.embeddings.model.Model`.

    Args:
        folder: config.json and encoder.safetensors, such as data/models/trained; by default the model that comes with
            the package, which learned from simulated music alone (unisono/default_model/README.md is its card).
        layer: projection (the embedding, which genres and playlists have shaped) | backbone (the features under it). By
            default the projection, and of the package's own model the backbone: its genres and playlists are invented,
            and real music is told apart better by what lies under them.
        device: auto | cpu | cuda.
        precision: auto (bf16 on CUDA, fp32 on a CPU) | fp32 | bf16.

    Raises:
        unisono.errors.UserError: the folder holds no encoder, or an argument is none of these.
    """
    from importlib.resources import as_file, files

    from unisono.embeddings.model import Model  # torch takes seconds to load

    if folder is not None:
        return Model(folder, layer=layer or "projection", device=device, precision=precision)
    with as_file(files("unisono") / "default_model") as packaged:
        return Model(packaged, layer=layer or "backbone", device=device, precision=precision)


def open_catalogue(
    folder: str | os.PathLike[str] = ".", corpus: str = "catalogue", model: str = "trained"
) -> "OpenCatalogue":
    """Open what the pipeline embedded in `folder`; see `unisono.project.catalogue.OpenCatalogue`.

    Args:
        folder: where the pipeline ran.
        corpus: its name in params.yaml.
        model: whose vectors: of the trained model, or of another of `OpenCatalogue.models`.

    Raises:
        unisono.errors.UserError: nothing was embedded there, or it is damaged.
    """
    from unisono.project.catalogue import OpenCatalogue  # pandas takes a while to load

    return OpenCatalogue(folder, corpus, model)
