"""The tasks, and the report on them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from unisono.params.room import Positive, Rate, Room


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
