"""How far models are above each other, paired over the items of a task, such as playlists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from unisono.evaluation.task import Column
from unisono.report.intervals import Interval, interval

ITEM, MODEL, POPULARITY = "item", "model", "popularity"
PARTS = 3  # by popularity


@dataclass(frozen=True)
class Gains:
    """The scores of a task's items.

    Attributes:
        column: the score.
        baselines: a row an item, a column a baseline; NaN for an item that a baseline lacks.
        models: for each trained model the same, with a column a seed.
        popularity: in how many playlists an item's songs to be found are, on average; empty where that is not known.
    """

    column: Column
    baselines: pd.DataFrame
    models: Mapping[str, pd.DataFrame]
    popularity: pd.Series

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

    def parts(self) -> list[tuple[str, pd.Index]]:
        """The items in up to three parts by popularity, with what to call each; equal popularity is in one part."""
        if self.popularity.empty:
            return []
        low, high = np.quantile(self.popularity, [1 / PARTS, 2 / PARTS])
        titles = f"up to {low:.3g}", f"{low:.3g} to {high:.3g}", f"more than {high:.3g}"
        part_of = np.searchsorted([low, high], self.popularity.to_numpy())
        items = [self.popularity.index[part_of == part] for part in range(PARTS)]
        return [(title, found) for title, found in zip(titles, items, strict=True) if len(found)]

    def within(self, items: pd.Index) -> "Gains":
        """The same of some of the items, without a baseline that has none of them."""
        models = {name: scores.loc[items] for name, scores in self.models.items()}
        baselines = self.baselines.loc[items].dropna(axis=1, how="all")
        return Gains(self.column, baselines, models, self.popularity.loc[items])


def gains(
    columns: Sequence[Column], baselines: pd.DataFrame, models: Mapping[str, Sequence[pd.DataFrame]], trained: str
) -> Gains | None:
    """The first of the task's headline scores that its items have; None for a task without items.

    Args:
        columns: the task's scores.
        baselines: columns item, model, one a score and perhaps popularity, as the baselines stage writes it.
        models: for each model and seed the same, as the evaluate stage writes it.
        trained: the row there that is the model's.
    """
    column = next((column for column in columns if column.headline and column.score in baselines), None)
    if column is None or baselines.empty:
        return None
    wide = baselines.pivot(index=ITEM, columns=MODEL, values=column.score)[baselines[MODEL].unique()]
    of_models = {}
    for name, of_seeds in models.items():
        tables = [table[table[MODEL] == trained].set_index(ITEM)[column.score] for table in of_seeds]
        of_models[name] = pd.concat(tables, axis=1, keys=range(len(tables))).reindex(wide.index)
    popularity = baselines.drop_duplicates(ITEM).set_index(ITEM).get(POPULARITY, pd.Series(dtype=float))
    return Gains(column, wide, of_models, popularity.dropna())
