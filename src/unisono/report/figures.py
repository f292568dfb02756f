"""The tables as bar charts, for `dvc plots` and the report page; the same scores give the same bytes."""

from collections.abc import Collection, Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from unisono.report.scores import Row
from unisono.report.tables import Table, rows_in

OWN, PUBLISHED = "#1f5f8b", "#c9c9c9"


def draw(table: Table, rows: Mapping[str, Row], own: Collection[str], path: Path) -> None:
    """Draw one panel a column with one bar a row to a PNG; the rows titled in `own` stand out, ± is a whisker."""
    shown = rows_in(table, rows)
    titles = list(reversed(shown))
    figure = Figure(figsize=(2 + 3 * len(table.columns), 1 + 0.3 * len(shown)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(table.columns), sharey=True, squeeze=False)[0]
    for axes, column in zip(panels, table.columns, strict=True):
        for place, title in enumerate(titles):
            score = shown[title].get(column.key)
            if score is not None:
                whisker = None if score.std is None else score.std * column.scale
                colour = OWN if title in own else PUBLISHED
                axes.barh(place, score.mean * column.scale, xerr=whisker, color=colour)
        axes.set_yticks(range(len(titles)), titles)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(column.heading)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(table.title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
