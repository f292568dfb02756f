"""How far models are above each other, paired over the items of a task, such as playlists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from unisono.evaluation.task import Column
from unisono.report.intervals import Interval, interval

ITEM, MODEL = "item", "model"


@dataclass(frozen=True)
class Gains:
    """The scores of a task's items.

    Attributes:
        column: the score.
        baselines: a row an item, a column a baseline; NaN for an item that a baseline lacks.
        models: for each trained model the same, with a column a seed.
        parts: the same of a part of what is to be found in each item, by the part's name.
    """

    column: Column
    baselines: pd.DataFrame
    models: Mapping[str, pd.DataFrame]
    parts: Mapping[str, "Gains"] = field(default_factory=dict)

    @property
    def rows(self) -> list[str]:
        """The baselines, then the models."""
        return [*map(str, self.baselines), *self.models]

    def scores(self, row: str) -> pd.Series:
        """Each item's score by a baseline, or by a model, averaged over its seeds."""
        return self.baselines[row] if row in self.baselines else self.models[row].mean(axis=1, skipna=False)

    def over(self, row: str, other: str) -> Interval:
        """How far a baseline or a model is above another, over the items that both have."""
        return interval((self.scores(row) - self.scores(other)).dropna().to_numpy())

    def spread(self, model: str) -> float | None:
        """The standard deviation (n - 1) of a model's mean score over its seeds; a single seed has none."""
        means = self.models[model].mean()
        return float(means.std(ddof=1)) if len(means) > 1 else None


def gains(
    columns: Sequence[Column], baselines: pd.DataFrame, models: Mapping[str, Sequence[pd.DataFrame]], trained: str
) -> Gains | None:
    """The first of the task's headline scores that its items have, with its parts; None for a task without items.

    Args:
        columns: the task's scores.
        baselines: columns item, model and one a score, as the baselines stage writes it; ndcg@100.in_2-4 is the part
            2-4 of ndcg@100.
        models: for each model and seed the same, as the evaluate stage writes it.
        trained: the row there that is the model's.
    """
    column = next((column for column in columns if column.headline and column.score in baselines), None)
    if column is None or baselines.empty:
        return None
    of_models = {name: [table[table[MODEL] == trained] for table in tables] for name, tables in models.items()}
    part = f"{column.score}.in_"
    parts = {
        score.removeprefix(part): _of(replace(column, score=score), baselines, of_models)
        for score in map(str, baselines)
        if score.startswith(part)
    }
    return replace(_of(column, baselines, of_models), parts=parts)


def _of(column: Column, baselines: pd.DataFrame, models: Mapping[str, Sequence[pd.DataFrame]]) -> Gains:
    """The gains of one score, of the items that have it, and the baselines that have any of those."""
    score = column.score
    wide = baselines.pivot(index=ITEM, columns=MODEL, values=score)[baselines[MODEL].unique()]
    wide = wide.dropna(how="all").dropna(how="all", axis="columns")
    of_seeds = {name: [table.set_index(ITEM)[score] for table in tables] for name, tables in models.items()}
    return Gains(
        column,
        wide,
        {name: pd.concat(runs, axis=1, keys=range(len(runs))).reindex(wide.index) for name, runs in of_seeds.items()},
    )
