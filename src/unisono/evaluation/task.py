"""A task as one object: what a file of `unisono.evaluation.tasks` defines, what it is given, and what comes of it."""

import importlib
import sys
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, cast

import pandas as pd

from unisono.artifacts.read import read_table
from unisono.corpora.labels import corpus_labels
from unisono.errors import UserError
from unisono.evaluation.measures.summary import Summary
from unisono.params.evaluation import Task
from unisono.params.holdings import GENRES

WITHOUT_VECTOR = "tracks_without_vector"  # counted of others' vectors
MOST_HEADLINES = 6  # numbers of one stage that a person reads
NO_ITEMS = pd.DataFrame({"item": [], "model": []}, dtype="str")


class NotMeasurable(Exception):
    """The corpus has not what the task needs; the message says what is missing."""


@dataclass(frozen=True)
class Column:
    """A score as tables show it.

    Attributes:
        score: its name.
        heading: what stands above it.
        digits: how many decimals it is written with.
        scale: what a mean of 1 is written as.
        headline: whether it is one of the few numbers that stand for the task.
        over_repeats: whether a model's std of it is over repeats: how sure the mean is, not how much queries differ.
    """

    score: str
    heading: str
    digits: int
    scale: float = 1
    headline: bool = True
    over_repeats: bool = True


@dataclass(frozen=True)
class Measured:
    """What one model scores.

    Attributes:
        scores: {score: Summary}.
        counts: how many tracks, tags and so on that rests on, {name: number}.
        items: each item's scores, where a task's means are over items that all models share, such as playlists, so
            that models can be compared item by item: index `item` (its id), a float column a score.
        classes: what lies behind the means, {tag or genre: {name: number}}; empty for a task without such.
    """

    scores: dict[str, Summary]
    counts: dict[str, int]
    items: pd.DataFrame | None = None
    classes: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """What a task says about some models.

    Attributes:
        columns: the scores that tables show.
        models: {model: {score: Summary}}.
        counts: {model: {name: number}}.
        chance: {score: Summary} of guessing; empty where only models were scored.
        items: {model: each item's scores}; empty for a task without items.
        classes: {model: {tag or genre: {name: number}}}; empty for a task without such.
    """

    columns: tuple[Column, ...]
    models: dict[str, dict[str, Summary]]
    counts: dict[str, dict[str, int]]
    chance: dict[str, Summary] = field(default_factory=dict)
    items: dict[str, pd.DataFrame] = field(default_factory=dict)
    classes: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def headline(self, *, name_models: bool) -> dict[str, float]:
        """Return the means that stand for the task, at most six; `name_models` puts the model before the score."""
        means = {
            f"{model}.{column.score}" if name_models else column.score: float(scores[column.score]["mean"])
            for column in self.columns
            if column.headline
            for model, scores in self.models.items()
            if column.score in scores  # a model may lack what a score needs
        }
        return dict(islice(means.items(), MOST_HEADLINES))

    def to_json(self) -> dict[str, Any]:
        """All but the items, which are too many for a person to read."""
        return {name: value for name, value in asdict(replace(self, items={})).items() if name != "items"}

    def item_table(self) -> pd.DataFrame:
        """The items as one table: columns `item`, `model` and one a score; no row for a task without items."""
        tables = [items.reset_index() for items in self.items.values()]
        for model, table in zip(self.items, tables, strict=True):
            table.insert(1, "model", model)
        return pd.concat(tables, ignore_index=True) if tables else NO_ITEMS


@dataclass(frozen=True)
class Corpus:
    """What the tasks know of a packed corpus beside its embeddings, and where they compute.

    Attributes:
        folder: its tables, as they were packed.
        split: the table of its split, for labels and playlists that have none of their own.
        where: what to call the task and its corpus in an error.
        factors: the folder of its songs' collaborative factors, if it has any.
        device: auto | cpu | cuda, for what takes long: probes, and the nearest of all songs.
    """

    folder: Path
    split: Path
    where: str
    factors: Path | None = None
    device: str = "cpu"

    @property
    def split_of_playlists(self) -> Path:
        """The table of what of each playlist is known, and what hidden."""
        return self.split.with_name(f"{self.split.stem}-playlists.parquet")

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        return read_table(self.folder / f"{name}.parquet", *columns)

    def labels(self, name: str) -> pd.DataFrame:
        """One set of labels: columns `track_id`, `tags` and `split`.

        Raises:
            NotMeasurable: no track has one, and the corpus has no others either that could be meant.
            UserError: the corpus has no labels of that name, but others; or a table is missing or damaged.
        """
        what = GENRES if name == GENRES else f"labels '{name}'"
        lacks = f"{self.folder.name} has no {what}"
        if name != GENRES and self.table("labels", "task").empty and not self._has_genres():
            raise NotMeasurable(f"{lacks}, nor any others")
        labels = corpus_labels(self.folder, name, self.split)
        if not (labels["tags"].map(len) > 0).any():
            raise NotMeasurable(f"{lacks}: none of the {len(labels)} tracks in its split has one")
        return labels

    def _has_genres(self) -> bool:
        return bool((self.table("tracks", "genres")["genres"].map(len) > 0).any())


class Kind(Protocol):
    """What a file of `unisono.evaluation.tasks` defines; `task` holds the settings that params has for its kind.

    It may also define `references(task, embedded, corpus)`, which returns {row: Measured} of what is no embedding.

    Attributes:
        HAS_UNTRAINED: whether an untrained encoder can do the task too.
    """

    HAS_UNTRAINED: bool

    def columns(self, task: Any) -> tuple[Column, ...]:
        """The scores that tables show, in their order."""

    def score(self, task: Any, model: Path, corpus: Corpus) -> Measured:
        """What the embeddings in the folder `model` score.

        Raises:
            NotMeasurable: the corpus, or the model, has not what the task needs.
            UserError: params ask for what there is not, or files are missing, damaged or do not belong together.
        """

    def chance(self, task: Any, n_windows: pd.Series, corpus: Corpus) -> dict[str, Summary]:
        """What guessing scores on the tracks that are embedded; raises as `score` does.

        Args:
            n_windows: how many windows each of them has, by `track_id`.
        """


def kind_of(task: Task) -> Kind:
    """Return the file of the task's kind, which is imported only now: each takes seconds and needs other libraries."""
    return cast(Kind, importlib.import_module(f"unisono.evaluation.tasks.{task.task}"))


def score(task: Task, models: Mapping[str, Path], corpus: Corpus, others: Container[str] = ()) -> Scores:
    """Score the `models`, folders of embeddings by name; raises as `Kind.score` does.

    Args:
        others: those of `models` that somebody else made; where their tracks are too few for the task, they are left
            out, with a line on stderr.
    """
    kind, measured = kind_of(task), {}
    for model, folder in models.items():
        try:
            measured[model] = kind.score(task, folder, corpus)
        except NotMeasurable as reason:
            if model not in others:
                raise
            print(f"{corpus.where}: compare.{model} is left out: {reason}", file=sys.stderr)
        except UserError as error:
            raise UserError(f"compare.{model}: {error}" if model in others else str(error)) from None
    return _scores(kind.columns(task), measured)


def with_references(scores: Scores, task: Task, embedded: pd.Index, corpus: Corpus) -> Scores:
    """The scores, and those of what its kind of task measures beside embeddings of the tracks `embedded`."""
    references = getattr(kind_of(task), "references", None)
    more = _scores(scores.columns, references(task, embedded, corpus) if references else {})
    return replace(
        scores,
        models=scores.models | more.models,
        counts=scores.counts | more.counts,
        items=scores.items | more.items,
    )


def _scores(columns: tuple[Column, ...], measured: Mapping[str, Measured]) -> Scores:
    return Scores(
        columns=columns,
        models={model: found.scores for model, found in measured.items()},
        counts={model: found.counts for model, found in measured.items()},
        items={model: found.items for model, found in measured.items() if found.items is not None},
        classes={model: found.classes for model, found in measured.items() if found.classes},
    )
