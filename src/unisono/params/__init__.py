"""The typed view of params.yaml: the one place that knows its shape."""

import reprlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from unisono.errors import UserError
from unisono.params.alignment import CF, Embedding, Encoder, Loss, NameVectors, Train, WordVectors
from unisono.params.data import CorpusParams, Machine, Mel, Pack, Sample, Split, Systems, Vectors, Waves
from unisono.params.evaluation import TASK_KINDS, AnyTask, Foreign, Report, RowName, Task
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
from unisono.params.section import Between, Schedule, Section

__all__ = [
    "CF",
    "Augmentation",
    "Band",
    "CorpusParams",
    "Embedding",
    "Encoder",
    "Finetune",
    "Foreign",
    "Inception",
    "Loss",
    "Machine",
    "Mel",
    "NameVectors",
    "Pack",
    "Params",
    "Pretrain",
    "Report",
    "Sample",
    "Schedule",
    "Similarity",
    "SimilarityEncoder",
    "Split",
    "Systems",
    "Task",
    "Train",
    "Vectors",
    "Waves",
    "WordVectors",
    "load_params",
]


_SHORT = reprlib.Repr()  # values may be huge, or hold each other
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxother = 2, 12, 80, 80
MOST_ERRORS = 20
LEAST_CROP = 128  # frames
# Sections whose keys a user chooses.
_ROWS: dict[str, Any] = {"corpora": CorpusParams, "evaluation": TASK_KINDS, "compare": Foreign}
# Rows and folders of our own, which others' vectors cannot be called.
TAKEN = (
    "random", "untrained", "statistics", "ridge", "factors", "trained", "sound", "similarity", "popularity", "WARP",
    "bline_g", "bline_cf", "bline_cf_g", "contr_g", "contr_cf", "contr_cf_g", "custom", "genres", "playlists", "words",
    "artists", "everything",
)  # fmt: skip
# A folder and a stage are named after each corpus.
CorpusName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Params(Section):
    systems: Systems
    threads: Annotated[int, Between(1, 256)]
    precision: Literal["auto", "fp32", "bf16"]
    machine: Machine
    sample: Sample
    corpora: dict[CorpusName, CorpusParams]
    mel: Mel
    vectors: Vectors
    pack: Pack
    split: Split
    cf: CF
    genres: NameVectors
    words: WordVectors
    artists: NameVectors
    encoder: Encoder
    loss: Loss
    train: Train
    embedding: Embedding
    evaluation: dict[RowName, AnyTask]
    compare: dict[RowName, Foreign]
    report: Report
    waves: Waves
    similarity: Similarity
    augmentation: Augmentation
    pretrain: Pretrain
    finetune: Finetune

    @property
    def front_end(self) -> Mel | Vectors:
        """What the first system's encoder takes."""
        return self.vectors if self.encoder.kind == "vectors" else self.mel

    @model_validator(mode="after")
    def corpora_fit_the_tasks(self) -> "Params":
        for name, named in self.systems.model_dump().items():
            for corpus in named:
                if corpus not in self.corpora:
                    raise ValueError(
                        f"systems.{name} has '{corpus}', but corpora has only {', '.join(self.corpora)};"
                        f" add corpora.{corpus}, or take it out of systems.{name}"
                    )
        for name, task in self.evaluation.items():
            if task.corpus not in self.corpora:
                raise ValueError(
                    f"evaluation.{name}.corpus is '{task.corpus}', but corpora has only {', '.join(self.corpora)};"
                    f" add corpora.{task.corpus}, or remove evaluation.{name}"
                )
        for name, foreign in self.compare.items():
            if foreign.corpus not in self.corpora:
                raise ValueError(
                    f"compare.{name}.corpus is '{foreign.corpus}', but corpora has only {', '.join(self.corpora)};"
                    f" add corpora.{foreign.corpus}, or remove compare.{name}"
                )
            if name in TAKEN:
                raise ValueError(f"compare.{name}: the rows {', '.join(TAKEN)} are Unisono's own; take another name")
        return self

    @model_validator(mode="after")
    def encoder_fits_its_input(self) -> "Params":
        takes_vectors = self.encoder.kind == "vectors"
        for corpus in [*self.systems.alignment, *self.systems.embed]:
            if (self.corpora[corpus].format == "vectors") != takes_vectors:
                kind = "mel_cnn" if takes_vectors else "vectors"
                raise ValueError(
                    f"encoder.kind is {self.encoder.kind}, but corpora.{corpus}.format is"
                    f" {self.corpora[corpus].format}; set encoder.kind to {kind}, or take {corpus} out of"
                    " systems.alignment and systems.embed"
                )
        for corpus in self.systems.metric_learning:
            if self.corpora[corpus].format == "vectors":
                raise ValueError(
                    f"systems.metric_learning has {corpus}, whose format is vectors; it learns from audio: set it to []"
                )
        if takes_vectors and self.train.crop_frames != 1:
            raise ValueError(
                f"train.crop_frames is {self.train.crop_frames}, expected 1: encoder.kind is vectors, which come one by"
                " one"
            )
        if not takes_vectors and self.train.crop_frames < LEAST_CROP:
            raise ValueError(
                f"train.crop_frames is {self.train.crop_frames}, expected {LEAST_CROP} to 8,192: the encoder's pooling"
                " leaves nothing of fewer"
            )
        if not takes_vectors and self.encoder.channels is None:
            raise ValueError("encoder.channels is missing; expected the output channels of each of the seven blocks")
        return self

    @model_validator(mode="after")
    def tasks_have_embeddings(self) -> "Params":
        if not self.evaluation:
            raise ValueError("evaluation has no task; keep one, or nothing tells what the embeddings are worth")
        embedded = {"trained": self.systems.embed, "similarity": self.systems.metric_learning}
        embedded[""] = [*embedded["trained"], *embedded["similarity"]]
        places = {"trained": "systems.embed", "similarity": "systems.metric_learning", "": "systems"}
        for name, task in self.evaluation.items():
            if task.corpus not in embedded[task.model]:
                raise ValueError(
                    f"evaluation.{name} asks for embeddings of {task.corpus} (model '{task.model}'), but"
                    f" {places[task.model]} has none made; add {task.corpus} there, or remove evaluation.{name}"
                )
        return self

    @model_validator(mode="after")
    def second_system_fits(self) -> "Params":
        if self.similarity.encoder.kind == "inception":
            inception = self.similarity.inception
            try:
                refuse_empty_bands(HTK, self.waves.sample_rate, inception.n_fft, inception.n_mels)
            except ValueError as error:
                raise ValueError(f"similarity.inception: {error}") from None
        for name in ("high_pass", "low_pass"):
            band = getattr(self.augmentation, name)
            if not 0 < band.low <= band.high < self.waves.sample_rate / 2:
                raise ValueError(
                    f"augmentation.{name} is {band.low:g} to {band.high:g} Hz, expected above 0 and below"
                    f" {self.waves.sample_rate / 2:g} Hz, half of waves.sample_rate"
                )
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
    place = error["loc"]
    key = ".".join(str(part) for part in _written(place))
    match error["type"]:
        case "extra_forbidden":
            return f"  {key}: unknown key; expected one of {', '.join(_known_keys(place[:-1]))}"
        case "missing":
            return f"  {key}: missing; see the commented params.yaml of the repository for its meaning"
        case "union_tag_not_found" | "union_tag_invalid":
            found = f" (found {_SHORT.repr(error['ctx']['tag'])})" if "tag" in error["ctx"] else ""
            return f"  {key}.task: expected a kind of task, one of {', '.join(TASK_KINDS)}{found}"
        case "string_pattern_mismatch":
            message = "expected letters, digits, _ and -"
        case "model_type" | "dict_type" | "model_attributes_type":
            message = "expected a section of keys"
        case _:
            message = error["msg"].removeprefix("Value error, ")
    found = "" if isinstance(error["input"], dict) else f" (found {_SHORT.repr(error['input'])})"
    return f"  {key or 'params'}: {message}{found}"


def _written(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """The keys as params.yaml has them: pydantic names a task's kind after its row."""
    in_task = place[:1] == ("evaluation",) and len(place) > 2 and place[2] in TASK_KINDS
    return (*place[:2], *place[3:]) if in_task else place


def _known_keys(place: tuple[Any, ...]) -> list[str]:
    section: Any = Params
    for part in place:
        if section is Params and part in _ROWS:
            section = {"*": _ROWS[part]}
        elif isinstance(section, dict):
            section = section["*"] if "*" in section else section[part]
        else:
            annotation = section.model_fields[part].annotation
            options = getattr(annotation, "__args__", (annotation,))
            section = next(a for a in options if isinstance(a, type) and issubclass(a, BaseModel))
    return list(section.model_fields)
