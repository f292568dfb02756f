"""What the pipeline in a folder says of a model: by which params, from which data, with which scores."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from unisono.alignment.encoder import build_audio_encoder
from unisono.artifacts.read import read_json, read_table
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import CONFIG, config_of, load_encoder
from unisono.metric_learning.build import build_encoder
from unisono.params import CorpusParams, Params, load_params

PARAMS, SAMPLE = Path("params.yaml"), Path("data/raw/sample")
FRAMES, MODELS, DETAILS = Path("data/frames"), Path("data/models"), Path("metrics/details")
SIMULATED = "simulated"
# docs/data.md
LICENCES = {
    SIMULATED: "simulated music, part of Unisono: Apache-2.0",
    "melon": "Melon Playlist Dataset: for non-profit research only, not to be redistributed",
    "gtzan": "GTZAN: for research; its music is not cleared",
    "jamendo": "MTG-Jamendo: audio under Creative Commons licences, which differ by track; metadata CC BY-NC-SA 4.0",
    "magnatagatune": "MagnaTagATune: CC BY-NC-SA",
    "folder": "a collection of its owner's, who alone knows the licences of its music",
}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Run:
    """A model in its project.

    Attributes:
        row: what the scores call it: trained (the first system) | similarity (the second).
        params: the project's.
        corpus: what it learned from; None if it was not trained here, or by other params.
        evaluated, baselines: the details of each task, {name: details}.
    """

    row: str
    params: Params
    corpus: str | None
    evaluated: dict[str, Any]
    baselines: dict[str, Any]


def project_of(model: Path) -> Path | None:
    """The folder of the pipeline in whose data/models an encoder lies, None if it lies elsewhere."""
    folder = Path(os.path.abspath(model))  # noqa: PTH100 (follows no links)
    if folder.parts[-3:-1] != MODELS.parts or not (folder.parents[2] / PARAMS).exists():
        return None
    return folder.parents[2]


def read_run(model: Path) -> Run | None:
    """What the pipeline around the encoder in `model` says of it, None if it is not where a pipeline puts its own.

    Raises:
        UserError: there is no encoder, or a file is damaged.
    """
    encoder, _ = load_encoder(model)
    project = project_of(model)
    first = isinstance(encoder, MelCNN)
    row, folder = ("trained", "trained") if first else ("similarity", "finetuned")
    if project is None or model.name != folder:
        return None
    params = load_params(project / PARAMS)
    learned = params.systems.alignment if first else params.systems.metric_learning
    described = (
        config_of(build_audio_encoder(params.encoder, params.train, params.mel), params.mel.model_dump())
        if first
        else config_of(build_encoder(params, seed=0), params.waves.model_dump())
    )
    trained_here = read_json(model / CONFIG) == described
    return Run(
        row=row,
        params=params,
        corpus=learned[0] if learned and trained_here else None,
        evaluated=_details(project, "evaluate", params),
        baselines=_details(project, "baselines", params),
    )


def data_of(corpus: CorpusParams) -> str:
    """A key of `LICENCES`: simulated, or the corpus's format."""
    return SIMULATED if SAMPLE in corpus.root.parents else corpus.format


def licence_of(run: Run | None) -> str:
    """The licence of the weights, as far as it follows from what they learned from: an SPDX identifier, or unknown."""
    simulated = run is not None and run.corpus is not None and data_of(run.params.corpora[run.corpus]) == SIMULATED
    return "apache-2.0" if simulated else UNKNOWN


def clips_of(project: Path) -> Iterator[Path]:
    """The audio files of the project's corpora, where it has packed any."""
    for name, corpus in load_params(project / PARAMS).corpora.items():
        table = project / FRAMES / name / "tracks.parquet"
        sources = read_table(table, "source")["source"] if table.exists() else pd.Series([], dtype=str)
        yield from (project / corpus.root / source for source in sources if not source.endswith(".npy"))


def _details(project: Path, stage: str, params: Params) -> dict[str, Any]:
    files = {name: project / DETAILS / stage / f"{name}.json" for name in params.evaluation}
    return {name: read_json(file) for name, file in files.items() if file.exists()}
