"""The typed view of params.yaml: the one place that knows its shape."""

import reprlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from unisono.errors import UserError
from unisono.params.alignment import CF, Embedding, Encoder, Genres, Loss, Train
from unisono.params.data import CorpusParams, Mel, Pack, Sample, Split, Waves
from unisono.params.evaluation import (
    AutotaggingTask,
    Evaluation,
    GenreTask,
    PlaylistTask,
    Probe,
    Report,
    RetrievalTask,
    TaggingTask,
)
from unisono.params.file import read_yaml
from unisono.params.mels import HTK, refuse_empty_bands
from unisono.params.metric_learning import (
    Augmentation,
    Band,
    Finetune,
    Inception,
    Pretrain,
    Similarity,
    SimilarityEncoder,
)
from unisono.params.room import Between, Room, Schedule

__all__ = [
    "CF",
    "Augmentation",
    "AutotaggingTask",
    "Band",
    "CorpusParams",
    "Embedding",
    "Encoder",
    "Evaluation",
    "Finetune",
    "GenreTask",
    "Genres",
    "Inception",
    "Loss",
    "Mel",
    "Pack",
    "Params",
    "PlaylistTask",
    "Pretrain",
    "Probe",
    "Report",
    "RetrievalTask",
    "Sample",
    "Schedule",
    "Similarity",
    "SimilarityEncoder",
    "Split",
    "TaggingTask",
    "Train",
    "Waves",
    "load_params",
]


_SHORT = reprlib.Repr()  # values may be huge, or hold each other
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxother = 2, 12, 80, 80
MOST_ERRORS = 20
# A folder and a stage are named after each corpus.
CorpusName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Params(Room):
    sample: Sample
    corpora: dict[CorpusName, CorpusParams]
    mel: Mel
    pack: Pack
    split: Split
    cf: CF
    genres: Genres
    encoder: Encoder
    loss: Loss
    train: Train
    embedding: Embedding
    evaluation: Evaluation
    report: Report
    waves: Waves
    similarity: Similarity
    augmentation: Augmentation
    pretrain: Pretrain
    finetune: Finetune
    threads: Annotated[int, Between(1, 256)]

    @model_validator(mode="after")
    def corpora_fit_the_tasks(self) -> "Params":
        if "catalogue" not in self.corpora:
            raise ValueError("corpora.catalogue is missing: it is what the encoder is trained on")
        for name, task in self.evaluation.tasks().items():
            if task.corpus not in self.corpora:
                raise ValueError(
                    f"evaluation.{name}.corpus is '{task.corpus}', but corpora has only {', '.join(self.corpora)};"
                    f" add corpora.{task.corpus}, or remove evaluation.{name}"
                )
        return self

    @model_validator(mode="after")
    def second_system_fits(self) -> "Params":
        corpus = self.similarity.corpus
        if corpus not in self.corpora:
            raise ValueError(
                f"similarity.corpus is '{corpus}', but corpora has only {', '.join(self.corpora)}; name one of them"
            )
        if self.similarity.encoder.kind == "inception":
            inception = self.similarity.inception
            try:
                refuse_empty_bands(HTK, self.waves.sample_rate, inception.n_fft, inception.n_mels)
            except ValueError as error:
                raise ValueError(f"similarity.inception: {error}") from None
        if self.finetune.load_pretrained and self.pretrain.epochs == 0:
            raise ValueError(
                "finetune.load_pretrained is true, but pretrain.epochs is 0; set load_pretrained to false, or pre-train"
            )
        return self


def load_params(path: Path) -> Params:
    """Read and check a params file.

    Raises:
        UserError: the file is missing, is not YAML, or a key is unknown, missing, twice there or out of range.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        found = "nothing" if raw is None else f"a {type(raw).__name__}"
        raise UserError(f"{path}: holds {found}, expected the sections {', '.join(Params.model_fields)}")
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        lines = [_explain(e) for e in error.errors()]
        more = [f"  and {len(lines) - MOST_ERRORS} more"] if len(lines) > MOST_ERRORS else []
        raise UserError("\n".join([f"{path}:", *lines[:MOST_ERRORS], *more])) from None


def _explain(error: Any) -> str:
    """One line for one pydantic error: the key, what was found, what to do."""
    key = ".".join(str(part) for part in error["loc"])
    siblings = ", ".join(_known_keys(error["loc"][:-1]) if error["type"] == "extra_forbidden" else [])
    match error["type"]:
        case "extra_forbidden":
            return f"  {key}: unknown key; expected one of {siblings}"
        case "missing":
            return f"  {key}: missing; see the commented params.yaml of the repository for its meaning"
        case "string_pattern_mismatch":
            message = "expected letters, digits, _ and -"
        case "model_type" | "dict_type":
            message = "expected a section of keys"
        case _:
            message = error["msg"].removeprefix("Value error, ")
    found = "" if isinstance(error["input"], dict) else f" (found {_SHORT.repr(error['input'])})"
    return f"  {key or 'params'}: {message}{found}"


def _known_keys(loc: tuple[Any, ...]) -> list[str]:
    room: Any = Params
    for part in loc:
        if room is Params and part == "corpora":
            room = {"*": CorpusParams}
        elif isinstance(room, dict):
            room = room["*"]
        else:
            annotation = room.model_fields[part].annotation
            options = getattr(annotation, "__args__", (annotation,))
            room = next(a for a in options if isinstance(a, type) and issubclass(a, BaseModel))
    return list(room.model_fields)
