"""The tables as bar charts, for `dvc plots` and the report page; the same scores give the same bytes."""

from collections.abc import Collection, Mapping
from math import ceil
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from unisono.report.scores import Row
from unisono.report.tables import Table, rows_in

OWN, PUBLISHED = "#1f5f8b", "#c9c9c9"
DPI, WIDEST = 120, 10  # inches, 1,200 pixels
MOST_ACROSS = 4  # panels


def draw(table: Table, rows: Mapping[str, Row], own: Collection[str], path: Path) -> None:
    """Draw one panel a column with one bar a row to a PNG; the rows titled in `own` stand out, ± is a whisker."""
    shown = rows_in(table, rows)
    titles = list(reversed(shown))
    down = ceil(len(table.columns) / MOST_ACROSS)
    across = ceil(len(table.columns) / down)
    size = (min(2 + 3 * across, WIDEST), 0.5 + (0.5 + 0.3 * len(shown)) * down)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes in panels[len(table.columns) :]:
        axes.remove()
    for axes, column in zip(panels, table.columns, strict=False):
        for place, title in enumerate(titles):
            score = shown[title].get(table.key(column))
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
