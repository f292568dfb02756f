"""The tasks, and the report on them."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from unisono.params.section import (
    BatchSize,
    Between,
    Dropout,
    Entries,
    Epochs,
    LearningRate,
    Place,
    Places,
    Repeats,
    Section,
    Seed,
    Width,
)

Ranks = Annotated[list[Places], Entries(1, 100, "the K of the scores, e.g. [1, 2, 4, 8]", different=True)]
# A stage and its files are named after each row of `evaluation`.
RowName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Probe(Section):
    """How an MLP probe is trained, whatever the task."""

    hidden: Annotated[list[Width], Entries(0, 10, "the widths of the hidden layers")]
    epochs: Epochs
    patience: Epochs
    batch_size: BatchSize
    learning_rate: LearningRate
    dropout: Dropout


class Task(Section):
    """A row of `evaluation`. A subclass is a kind of task: `task` names it, and its file in unisono.evaluation.tasks.

    Attributes:
        model: whose embeddings of the corpus are scored; "" compares all that there are.
    """

    task: str
    corpus: str
    model: Literal["trained", "similarity", ""]


class GenreClassification(Task):
    task: Literal["genre_classification"]
    repeats: Repeats
    seed: Seed
    probe: Probe


class Tagging(Task):
    """Each set of labels has its own scores.

    Attributes:
        max_tracks: a probe learns from so many of the training tracks, drawn by the seed; None: from all.
    """

    task: Literal["tagging"]
    labels: Annotated[list[str], Entries(1, 100, "sets of labels of the corpus", different=True)]
    repeats: Repeats
    seed: Seed
    max_tracks: Annotated[int | None, Between(100, 10_000_000, "null")] = None
    probe: Probe


class PlaylistContinuation(Task):
    """Songs to be found: `cold`, of the test part, or `known` to training, but hidden from the playlist."""

    task: Literal["playlist_continuation"]
    songs: Literal["cold", "known"] = "cold"
    k: Places
    index: Literal["exact", "annoy"]
    annoy_trees: Annotated[int, Between(1, 10_000)]
    repeats: Repeats
    seed: Seed


class Retrieval(Task):
    """R@K and M@K."""

    task: Literal["retrieval"]
    labels: str
    recall_at: Ranks
    precision_at: Ranks
    repeats: Repeats
    seed: Seed


class SameTrack(Task):
    """R@K of a track's windows among all windows."""

    task: Literal["same_track"]
    recall_at: Ranks


class CrossModal(Task):
    """R@K and median rank of audio among genres, playlists and words, and of these among audio."""

    task: Literal["cross_modal"]
    model: Literal["trained"]
    recall_at: Ranks


class Autotagging(Task):
    """The tag head's own predictions, without a probe."""

    task: Literal["autotagging"]
    model: Literal["similarity"]
    labels: str


class Foreign(Section):
    """Somebody else's vectors of a corpus, which go through its tasks beside our own; a row is named after them."""

    corpus: str
    path: Place

    @field_validator("path")
    @classmethod
    def names_a_parquet_file(cls, path: Path) -> Path:
        # The ids of an .npy matrix are in a file beside it, whose changes DVC would not see.
        if path.suffix != ".parquet":
            raise ValueError("expected a .parquet file, with columns track_id and vector")
        return path


AnyTask = Annotated[
    GenreClassification | Tagging | PlaylistContinuation | Retrieval | SameTrack | CrossModal | Autotagging,
    Field(discriminator="task"),
]
TASK_KINDS: dict[str, type[Task]] = {
    get_args(kind.model_fields["task"].annotation)[0]: kind for kind in get_args(get_args(AnyTask)[0])
}


class Report(Section):
    comparable: bool
    tag_pair: Annotated[
        list[Annotated[str, Field(min_length=1)]], Entries(2, 2, "two tags to colour by", different=True)
    ]
