"""The tasks, and the report on them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from unisono.params.room import (
    BatchSize,
    Between,
    Dropout,
    Entries,
    Epochs,
    LearningRate,
    Places,
    Repeats,
    Room,
    Seed,
    Width,
)

Ranks = Annotated[list[Places], Entries(1, 100, "the K of the scores, e.g. [1, 2, 4, 8]", different=True)]


class Probe(Room):
    """How an MLP probe is trained, whatever the task."""

    hidden: Annotated[list[Width], Entries(0, 10, "the widths of the hidden layers")]
    epochs: Epochs
    patience: Epochs
    batch_size: BatchSize
    learning_rate: LearningRate
    dropout: Dropout


class GenreTask(Room):
    corpus: str
    repeats: Repeats
    seed: Seed
    probe: Probe


class TaggingTask(GenreTask):
    pass


class PlaylistTask(Room):
    corpus: str
    k: Places
    index: Literal["exact", "annoy"]
    annoy_trees: Annotated[int, Between(1, 10_000)]
    repeats: Repeats
    seed: Seed


class RetrievalTask(Room):
    """R@K and M@K of each model's embeddings of one corpus."""

    corpus: str
    labels: str
    recall_at: Ranks
    precision_at: Ranks
    repeats: Repeats
    seed: Seed


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
    tag_pair: Annotated[
        list[Annotated[str, Field(min_length=1)]], Entries(2, 2, "two tags of similarity.corpus", different=True)
    ]
