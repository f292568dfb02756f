"""What is trained in a project: each model with the params that made it, and what it scores."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from unisono.artifacts.read import read_json, reading
from unisono.encoders.saved import CONFIG, WEIGHTS, load_encoder
from unisono.errors import UserError
from unisono.params import load_params

MODELS, LOCK, DETAILS = Path("data/models"), Path("dvc.lock"), Path("metrics/details")
SCORED_BY = ("evaluate", "baselines")
MD5 = Callable[[Path], str]
File = tuple[str, str]  # a path of the project and its md5, as dvc.lock has them


@dataclass(frozen=True)
class Stage:
    """A stage as dvc.lock has it: with the params that it ran with, what it read and what it wrote."""

    params: Mapping[str, Any]
    deps: set[File]
    outs: set[File]


@dataclass(frozen=True)
class FoundModel:
    """An encoder in data/models.

    Attributes:
        name: of its folder.
        kind: mel_cnn | sample_cnn | inception.
        dimensions: of its embeddings.
        parameters: how many numbers it has learned.
        written: when, local time.
        corpus: what it learned from; "" if it learned from none.
        params: of the stage that made it; none where dvc.lock knows no such stage: it was copied here, or interrupted.
        scores: the numbers that stand for its tasks, {"gtzan.accuracy": 0.78}; none that an earlier model had.
        problem: what is wrong with it; of a model that cannot be read, only `name` and this are known.
    """

    name: str
    kind: str = ""
    dimensions: int = 0
    parameters: int = 0
    written: str = ""
    corpus: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""


def find_models(project: Path) -> list[FoundModel]:
    """The models of a project, and those that params.yaml asks for and that are missing, by name.

    Raises:
        UserError: there is none, or params.yaml, dvc.lock or a file of scores is damaged.
    """
    stages = _locked(project / LOCK)
    there = {path.name for path in (project / MODELS).glob("*") if path.is_dir()}
    if not there:
        raise UserError(f"{project / MODELS}: no model; train one with `make repro`")
    md5 = cache(md5_of)
    return [_look_at(project, name, stages, md5) for name in sorted(there | _expected(project))]


def _look_at(project: Path, name: str, stages: Mapping[str, Stage], md5: MD5) -> FoundModel:
    folder = project / MODELS / name
    if not folder.is_dir():
        return FoundModel(name, problem=f"{folder}: missing; `dvc checkout` brings it back, or `make repro`")
    try:
        encoder, _ = load_encoder(folder)
    except UserError as error:
        return FoundModel(name, problem=str(error))
    here = (folder.relative_to(project).as_posix(), md5(folder))
    maker = next((stage for stage, lock in stages.items() if here in lock.outs), None)
    return FoundModel(
        name,
        kind=read_json(folder / CONFIG, "kind"),
        dimensions=encoder.embedding_dim,
        parameters=sum(parameter.numel() for parameter in encoder.parameters()),
        written=datetime.fromtimestamp((folder / WEIGHTS).stat().st_mtime).astimezone().isoformat(" ", "minutes"),
        corpus=maker.partition("@")[2] if maker else "",
        params=stages[maker].params if maker else {},
        scores=_scores(project, here, stages, md5),
    )


def _scores(project: Path, model: File, stages: Mapping[str, Stage], md5: MD5) -> dict[str, float]:
    """What the stages scored that have read what this very model embedded."""
    embedded = set().union(*(lock.outs for lock in stages.values() if model in lock.deps))
    scores: dict[str, float] = {}
    for stage, lock in stages.items():
        by, _, task = stage.partition("@")
        read = [one for one in sorted(embedded) if any(_reads(project, dep, one, md5) for dep in lock.deps)]
        if by not in SCORED_BY or not read:
            continue
        file = project / DETAILS / by / f"{task}.json"
        details = read_json(file)
        with reading(file):
            # data/embeddings/<corpus>/<row>, or data/untrained/<corpus>
            rows = ["untrained"] if by == "baselines" else [Path(path).name for path, _ in read]
            shown = [column["score"] for column in details.get("columns", []) if column["headline"]]
            for of_row in (details.get("models", {}).get(row, {}) for row in rows):
                scores |= {f"{task}.{score}": float(of_row[score]["mean"]) for score in shown if score in of_row}
    return scores


def _reads(project: Path, dep: File, embedded: File, md5: MD5) -> bool:
    """Whether the dependency of a stage is a model's embeddings, or a folder that had them in it, as it still does."""
    if not embedded[0].startswith(f"{dep[0]}/"):
        return dep == embedded
    return all(md5(project / path) == expected for path, expected in (dep, embedded))


def md5_of(folder: Path) -> str:
    """A folder's md5 as DVC has it: that of the list of its files and theirs."""
    files = []
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                files.append({"md5": hashlib.file_digest(file, "md5").hexdigest(), "relpath": name})
    return hashlib.md5(json.dumps(files, sort_keys=True).encode()).hexdigest() + ".dir"


def _expected(project: Path) -> set[str]:
    """The models that params.yaml asks for."""
    path = project / "params.yaml"
    if not path.exists():
        return set()
    systems = load_params(path).systems
    first = {"trained"} if systems.alignment else set()
    second = {"pretrained", "finetuned"} if systems.metric_learning else set()
    return {"untrained", *first, *second}


def _locked(path: Path) -> dict[str, Stage]:
    """The stages of dvc.lock; none without one."""
    if not path.exists():
        return {}
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast
        stages = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["stages"]
        return {
            name: Stage(
                params=dict(lock.get("params", {}).get("params.yaml", {})),
                deps={(entry["path"].rstrip("/"), entry["md5"]) for entry in lock.get("deps", []) if "md5" in entry},
                outs={(entry["path"].rstrip("/"), entry["md5"]) for entry in lock.get("outs", []) if "md5" in entry},
            )
            for name, lock in stages.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:150]
        raise UserError(f"{path}: damaged ({reason}); remove it, and run `make repro`: DVC writes it anew") from None
