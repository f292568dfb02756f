"""The typed view of params.yaml: the one place that knows its shape."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from unisono.errors import UserError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


class Room(BaseModel):
    """Base of every section: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sample(Room):
    corpora: list[Literal["melon", "gtzan", "jamendo", "magnatagatune"]]
    seed: int
    songs: Annotated[int, Field(ge=200)]
    playlists: Annotated[int, Field(ge=50)]
    gtzan_tracks: Annotated[int, Field(ge=60)]
    jamendo_tracks: Annotated[int, Field(ge=60)]
    magnatagatune_clips: Annotated[int, Field(ge=60)]
    seconds: Annotated[float, Field(ge=5, le=30)]


class CorpusParams(Room):
    format: Literal["melon", "folder", "gtzan", "jamendo", "magnatagatune"]
    root: Path


class Mel(Room):
    sample_rate: Positive
    n_fft: Positive
    hop_length: Positive
    n_mels: Positive


class Pack(Room):
    workers: Positive
    max_frames: Positive | None
    max_reject_share: Share


class Split(Room):
    validation: Share
    test: Share
    seed: int

    @model_validator(mode="after")
    def leaves_something_to_train_on(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test is {self.validation + self.test:g}, which leaves nothing to train on")
        return self


class CF(Room):
    model: Literal["warp", "bpr", "als"]
    dim: Positive
    epochs: Positive
    learning_rate: Rate
    max_sampled: Positive
    batch_size: Positive
    holdout: Annotated[float, Field(ge=0, lt=1)]
    seed: int
    device: Literal["auto", "cpu", "cuda"]


class Genres(Room):
    dim: Positive
    epochs: Positive
    max_per_track: Positive
    seed: int


class Encoder(Room):
    channels: list[Positive]
    hidden: Positive
    embedding_dim: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    genre_heads: Positive


class Loss(Room):
    temperature: Rate
    lambda_a2g: Weight
    lambda_a2p: Weight
    lambda_g2p: Weight
    lambda_a2a: Weight


class Train(Room):
    objective: Literal["contrastive", "prediction"]
    crop_frames: Positive
    mask_frames: Annotated[int, Field(ge=0)]
    mask_bands: Annotated[int, Field(ge=0)]
    batch_size: Annotated[int, Field(ge=2)]
    epochs: Positive
    patience: Positive
    learning_rate: Rate
    weight_decay: Weight
    workers: Annotated[int, Field(ge=0)]
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "fp32", "bf16"]
    seed: int


class Waves(Room):
    sample_rate: Positive


class SimilarityEncoder(Room):
    kind: Literal["sample_cnn", "inception"]
    channels: list[Positive]
    embedding_dim: Positive


class Inception(Room):
    """The baseline's mel spectrogram, and its widths."""

    n_fft: Positive
    hop_length: Positive
    n_mels: Positive
    channels: Positive
    embedding_dim: Positive


class Similarity(Room):
    """The second system: what it learns from, and with which encoder."""

    corpus: str
    labels: str
    encoder: SimilarityEncoder
    inception: Inception
    projection_dim: Positive
    temperature: Rate


class Band(Room):
    """A range to draw from, from `low` to `high`."""

    low: float
    high: float

    @model_validator(mode="after")
    def in_order(self) -> "Band":
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; expected low <= high")
        return self


class Augmentation(Room):
    """Each operation's probability, and the range that its strength is drawn from."""

    polarity: Share
    noise: Share
    noise_snr: Band  # dB
    gain: Share
    gain_range: Band  # dB
    filter: Share
    high_pass: Band  # Hz
    low_pass: Band  # Hz
    delay: Share
    delay_range: Band  # ms
    delay_step: Positive  # ms
    delay_volume: Share
    pitch: Share
    pitch_range: Band  # semitones
    reverb: Share
    reverb_range: Band  # per cent of room size, reverberation and damping


class Pretrain(Room):
    batch_size: Annotated[int, Field(ge=2)]
    epochs: Annotated[int, Field(ge=0)]  # 0 leaves the encoder as it was drawn
    patience: Positive
    learning_rate: Rate
    seed: int


class Finetune(Room):
    augment: bool
    contrastive: bool
    load_pretrained: bool
    freeze: bool
    alpha: Rate
    r: Rate | Literal["auto"]
    label_fraction: Share
    batch_size: Annotated[int, Field(ge=2)]
    epochs: Positive
    patience: Positive
    reduce_after: Positive
    learning_rate: Rate
    weight_decay: Weight
    seed: int

    @model_validator(mode="after")
    def has_something_to_learn_from(self) -> "Finetune":
        if self.label_fraction == 0 and not self.contrastive:
            raise ValueError(
                "label_fraction is 0 and contrastive is false, so there is nothing to learn from;"
                " raise label_fraction, or set contrastive to true"
            )
        return self


class Embedding(Room):
    layer: Literal["projection", "backbone"]
    batch_size: Positive


class Probe(Room):
    """How an MLP probe is trained, whatever the task."""

    hidden: list[Positive]
    epochs: Positive
    patience: Positive
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate
    dropout: Annotated[float, Field(ge=0, lt=1)]


class GenreTask(Room):
    corpus: str
    repeats: Positive
    seed: int
    probe: Probe


class TaggingTask(GenreTask):
    pass


class PlaylistTask(Room):
    corpus: str
    k: Positive
    index: Literal["exact", "annoy"]
    annoy_trees: Positive
    repeats: Positive
    seed: int


class RetrievalTask(Room):
    """R@K and M@K of each model's embeddings of one corpus."""

    corpus: str
    labels: str
    recall_at: list[Positive]
    precision_at: list[Positive]
    repeats: Positive
    seed: int


class AutotaggingTask(Room):
    """The tag head's own predictions, without a probe."""

    corpus: str
    labels: str


class Evaluation(Room):
    gtzan: GenreTask | None = None
    jamendo: TaggingTask | None = None
    playlists: PlaylistTask | None = None
    tags: TaggingTask | None = None
    retrieval: RetrievalTask | None = None
    autotagging: AutotaggingTask | None = None

    def tasks(self) -> dict[str, Any]:
        """The tasks that params.yaml names, in its order of definition here."""
        return {name: task for name in type(self).model_fields if (task := getattr(self, name)) is not None}


class Report(Room):
    comparable: bool
    tag_pair: Annotated[list[str], Field(min_length=2, max_length=2)]


class Params(Room):
    sample: Sample
    corpora: dict[str, CorpusParams]
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
        if self.finetune.load_pretrained and self.pretrain.epochs == 0:
            raise ValueError(
                "finetune.load_pretrained is true, but pretrain.epochs is 0; set load_pretrained to false, or pre-train"
            )
        return self


def load_params(path: Path) -> Params:
    """Read and check a params file.

    Raises:
        UserError: the file is missing, is not YAML, or a key is unknown, missing or out of range.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the repository root, or copy one of params/*.yaml") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {error}") from None
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        raise UserError("\n".join([f"{path}:", *(_explain(e) for e in error.errors())])) from None


def _explain(error: Any) -> str:
    """One line for one pydantic error: the key, what was found, what to do."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        siblings = _known_keys(error["loc"][:-1])
        return f"  {key}: unknown key; expected one of {', '.join(siblings)}"
    if error["type"] == "missing":
        return f"  {key}: missing; see the commented params.yaml of the repository for its meaning"
    found = "" if isinstance(error["input"], dict) else f" (found {error['input']!r})"
    message = error["msg"].removeprefix("Value error, ")
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
