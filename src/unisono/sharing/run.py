"""How a model was made and what it scores, as far as dvc.lock records it of this very model."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from unisono.artifacts.read import read_json, read_table, reading
from unisono.params import load_params
from unisono.params.file import read_yaml

PARAMS, LOCK = "params.yaml", "dvc.lock"
MODELS, FRAMES, EMBEDDINGS, DETAILS = "data/models", "data/frames", "data/embeddings", "metrics/details"
UNKNOWN = "unknown"
ROWS = {"trained": "trained", "finetuned": "similarity"}  # what scores call the models in data/models
SIMULATED, SAMPLE = "simulated", "data/raw/sample/"
# docs/data.md
LICENCES = {
    SIMULATED: "simulated music, part of Unisono: Apache-2.0",
    "melon": "Melon Playlist Dataset: for non-profit research only, not to be redistributed",
    "gtzan": "GTZAN: for research; its music is not cleared",
    "jamendo": "MTG-Jamendo: audio under Creative Commons licences, which differ by track; metadata CC BY-NC-SA 4.0",
    "magnatagatune": "MagnaTagATune: CC BY-NC-SA",
    "folder": "a collection of its owner's, who alone knows the licences of its music",
    UNKNOWN: "what it is made of is not recorded",
}


@dataclass(frozen=True)
class Made:
    """How a model was made.

    Attributes:
        corpus: what it learned from, by its name.
        data: the kind of that corpus, a key of `LICENCES`.
        params: the sections of params.yaml that its stages read when they ran.
    """

    corpus: str
    data: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """What a model scores in a task.

    Attributes:
        task, corpus: the kind of task, and the corpus's name.
        data: the kind of that corpus, a key of `LICENCES`.
        row: the model's name in the details.
        details, baselines: what the evaluation wrote, and what of chance and the untrained encoder on the same data.
    """

    task: str
    corpus: str
    data: str
    row: str
    details: dict[str, Any]
    baselines: dict[str, Any]


def project_of(model: Path) -> Path | None:
    """The folder of the pipeline in whose data/models an encoder lies, None if it lies elsewhere."""
    folder = Path(os.path.abspath(model))  # noqa: PTH100 (follows no links)
    if folder.parts[-3:-1] != Path(MODELS).parts or not (folder.parents[2] / PARAMS).exists():
        return None
    return folder.parents[2]


def clips_of(project: Path) -> Iterator[Path]:
    """The audio files of the project's corpora, where it has packed any."""
    for name, corpus in load_params(project / PARAMS).corpora.items():
        table = project / FRAMES / name / "tracks.parquet"
        if table.exists():
            sources = read_table(table, "source")["source"]
            yield from (project / corpus.root / source for source in sources if not source.endswith(".npy"))


def licence_of(made: Made | None) -> str:
    """The licence of the weights, as far as it follows from what they learned from: an SPDX identifier, or unknown."""
    return "apache-2.0" if made is not None and made.data == SIMULATED else UNKNOWN


class Record:
    """What dvc.lock says of the model in a folder.

    It outlives what it tells of: params and models change, and metrics are committed. So nothing counts that does not
    lead, hash by hash, to the files of this model.

    Attributes:
        made: None where the model is not one that a stage there trained.
        scores: of the tasks in which this model was measured, in the lock's order.

    Raises:
        UserError: the lock, or a file that it leads to, is damaged.
    """

    def __init__(self, model: Path) -> None:
        """Read the lock of the project around the folder `model`, if there is one."""
        project = project_of(model)
        self._project = project or Path()
        self._model = f"{MODELS}/{model.name}"
        self._row = ROWS.get(model.name, "")
        self._stages: dict[str, _Stage] = {}
        if project is not None and (project / LOCK).exists():
            with reading(project / LOCK):
                stages = read_yaml(project / LOCK)["stages"]
                self._stages = {name: _Stage.of(stage) for name, stage in stages.items()}

    @cached_property
    def made(self) -> Made | None:
        maker = self._maker(self._model, self._hash(self._model))
        if maker is None or not self._row:  # or the untrained encoder
            return None
        params: dict[str, Any] = {}
        for name in self._ancestors(maker):
            params |= self._stages[name].params
        corpus = maker.partition("@")[2]
        sections = {name: section for name, section in params.items() if "." not in name}
        return Made(corpus, self._data(corpus), sections)

    @cached_property
    def scores(self) -> list[Scored]:
        evaluations = [name.partition("@")[2] for name in self._stages if name.startswith("evaluate@")]
        return [scored for name in evaluations if (scored := self._scored(name))]

    def _scored(self, name: str) -> Scored | None:
        stage, file = self._stages[f"evaluate@{name}"], f"{DETAILS}/evaluate/{name}.json"
        task = stage.params.get(f"evaluation.{name}", {"task": "", "corpus": ""})
        embeddings = f"{EMBEDDINGS}/{task['corpus']}/{self._row}"
        exporter = next((found for found in self._stages.values() if embeddings in found.outs), None)
        if exporter is None or exporter.deps.get(self._model) != self._hash(self._model):
            return None
        if not self._read_by(stage, embeddings, exporter.outs[embeddings]) or not self._wrote(stage, file):
            return None
        details, corpus = read_json(self._project / file), task["corpus"]
        return Scored(task["task"], corpus, self._data(corpus), self._row, details, self._baselines(name, stage))

    def _data(self, corpus: str) -> str:
        """The kind of a corpus as it was packed, a key of `LICENCES`."""
        stages = [self._stages[name] for name in (f"pack@{corpus}", f"pack_waves@{corpus}") if name in self._stages]
        packed = next((stage.params[key] for stage in stages if (key := f"corpora.{corpus}") in stage.params), None)
        if packed is None:
            return UNKNOWN
        return SIMULATED if str(packed["root"]).startswith(SAMPLE) else packed["format"]

    def _wrote(self, stage: "_Stage", file: str) -> bool:
        return stage.outs.get(file) == self._hash(file)

    def _read_by(self, stage: "_Stage", embeddings: str, md5: str) -> bool:
        """Whether a stage read those embeddings, by themselves or in the folder that holds them."""
        if embeddings in stage.deps:
            return stage.deps[embeddings] == md5
        folder = embeddings.rpartition("/")[0]
        return stage.deps.get(folder) == self._hash(folder) and self._hash(embeddings) == md5

    def _baselines(self, name: str, evaluation: "_Stage") -> dict[str, Any]:
        stage, file = self._stages.get(f"baselines@{name}"), f"{DETAILS}/baselines/{name}.json"
        if stage is None or not self._wrote(stage, file):
            return {}
        shared = [path for path in evaluation.deps if path in stage.deps and path.startswith("data/")]
        same = all(evaluation.deps[path] == stage.deps[path] for path in shared)
        return read_json(self._project / file) if same else {}

    def _ancestors(self, name: str) -> list[str]:
        """The stages that what a stage wrote goes back to, itself last."""
        found: list[str] = []
        for path, md5 in self._stages[name].deps.items():
            maker = self._maker(path, md5)
            found += [stage for stage in (self._ancestors(maker) if maker else []) if stage not in found]
        return [*found, name]

    def _maker(self, path: str, md5: str | None) -> str | None:
        return next((name for name, stage in self._stages.items() if md5 and stage.outs.get(path) == md5), None)

    def _hash(self, path: str) -> str | None:
        """DVC's hash of a file or folder as it is now, None if there is none."""
        place = self._project / path
        if place.is_file():
            return _md5(place)
        if not place.is_dir():
            return None
        files = sorted((file.relative_to(place).as_posix(), file) for file in place.rglob("*") if file.is_file())
        listed = [{"md5": _md5(file), "relpath": name} for name, file in files]
        return hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"


@dataclass(frozen=True)
class _Stage:
    """A stage of dvc.lock: the hashes of what it read and wrote, by path, and its params by their keys."""

    deps: dict[str, str]
    outs: dict[str, str]
    params: dict[str, Any]

    @classmethod
    def of(cls, stage: dict[str, Any]) -> "_Stage":
        deps, outs = (
            {entry["path"].rstrip("/"): entry.get("md5", "") for entry in stage.get(which, [])}
            for which in ("deps", "outs")
        )
        return cls(deps, outs, stage.get("params", {}).get(PARAMS, {}))


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()
