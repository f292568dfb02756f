"""What is my data worth? The answer as a page, a picture and numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from unisono.report.figures import DPI, OWN, WIDEST
from unisono.report.gains import Gains
from unisono.report.intervals import Interval
from unisono.report.models import TITLES
from unisono.report.scores import RIDGE, STATISTICS, Row
from unisono.report.tables import Table, render

INPUT = "the input itself"
BASELINE, LINE = "#8a8a8a", "#555555"
LEGEND = (
    "Each model is the same encoder, aligned with other data of the same songs. `{input}` is what the encoder takes,"
    " without any learning; `ridge` is that input, regressed onto genres and playlists. In brackets are 95% intervals"
    " over playlists, of differences playlist by playlist: where one holds 0, the two cannot be told apart. They are of"
    " one split and of playlists that share songs: on a small catalogue, `make folds` tells how much the split matters."
)


@dataclass(frozen=True)
class Worth:
    """What the page says.

    Attributes:
        data: what the corpus has to align with, in the plural: genres, playlists.
        models: for each model, by its title, those of them that it is aligned with.
        gains: of each task with items, by its title.
        others: the tables of the other tasks, and their rows by title.
        seeds: the training seeds.
        licence: of the weights that made the input; "" if there are none, or params do not say.
        left_out: why tasks were not evaluated, by name.
    """

    data: Sequence[str]
    models: Mapping[str, Collection[str]]
    gains: Mapping[str, Gains]
    others: Sequence[Table]
    rows: Mapping[str, Row]
    seeds: Sequence[int]
    licence: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    def alone(self, name: str) -> str:
        """The model that is aligned with one kind of data only."""
        return next(title for title, names in self.models.items() if set(names) == {name})

    def everything(self, without: str = "") -> str | None:
        """The model that is aligned with all data, or with all but one kind."""
        wanted = set(self.data) - {without}
        return next((title for title, names in self.models.items() if set(names) == wanted), None)


def title_of(names: Collection[str], data: Sequence[str]) -> str:
    """What a model that is aligned with these data is called."""
    shown = [name for name in data if name in names]
    missing = [name for name in data if name not in names]
    if len(shown) > 2 and not missing:
        return "everything"
    if len(shown) > 2 and len(missing) == 1:
        return f"everything without {missing[0]}"
    return _listed(shown)


def page(worth: Worth, picture: str) -> str:
    """The Markdown page; `picture` is its file, relative to the page."""
    parts = ["# What is my data worth?"]
    parts += [f"**{title}** {_verdict(worth, found)}" for title, found in worth.gains.items()]
    if not worth.gains:
        parts.append(
            "No task of this corpus has scores of its own for each playlist, so no gain can be told from chance."
        )
    parts.append(LEGEND.format(input=INPUT))
    seeds = f"Training seeds: {', '.join(map(str, worth.seeds))}; a playlist's score is the mean over them."
    parts.append(seeds if len(worth.seeds) > 1 else f"One training seed, {worth.seeds[0]}.")
    if worth.licence:
        parts.append(f"The weights that made the input are under {worth.licence} (vectors.licence).")
    if worth.gains:
        parts.append(f"![Gains over {INPUT}]({picture})")
    for title, found in worth.gains.items():
        parts += [f"## {title}", _table(worth, found), *_by_popularity(worth, found)]
    if worth.others:
        spread = "the training seeds" if len(worth.seeds) > 1 else "the repeats of a task"
        parts.append(f"Below, ± is the standard deviation over {spread}.")
    for table in worth.others:
        parts += [f"## {table.title}", render(table, worth.rows)]
    if worth.left_out:
        lines = [f"- evaluation.{name}: {reason}" for name, reason in worth.left_out.items()]
        parts += ["## Tasks left out", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def to_json(worth: Worth) -> dict[str, Any]:
    """{task: {score, items, order, rows: {row: its mean and its gains}}}; others' scores as {table.score: mean}."""
    found: dict[str, Any] = {title: _numbers(worth, gains) for title, gains in worth.gains.items()}
    keys = [table.key(column) for table in worth.others for column in table.columns]
    rows = {title: {key: row[key].mean for key in keys if key in row} for title, row in worth.rows.items()}
    return {"gains": found, "others": rows}


def draw(worth: Worth, path: Path) -> None:
    """Draw each row's gain over the input, a dot with its interval, a panel a task, to a PNG."""
    titles = [*_baselines(worth), *worth.models]
    figure = Figure(
        figsize=(min(2.5 + 3.5 * len(worth.gains), WIDEST), 1.2 + 0.32 * len(titles)), dpi=DPI, layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(worth.gains), sharey=True, squeeze=False).ravel()
    for axes, (title, gains) in zip(panels, worth.gains.items(), strict=True):
        axes.axvline(0, color=LINE, linewidth=1, linestyle=":")
        for place, row in enumerate(reversed(titles)):
            if row not in gains.rows:
                continue
            found, scale = gains.over(row, STATISTICS), gains.column.scale
            whisker = None if found.low is None else scale * (found.mean - found.low)
            colour = OWN if row in worth.models else BASELINE
            axes.errorbar(scale * found.mean, place, xerr=whisker, fmt="o", markersize=5, capsize=3, color=colour)
        axes.set_yticks(range(len(titles)), [TITLES.get(row, row) for row in reversed(titles)])
        axes.set_ylim(-0.6, len(titles) - 0.4)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(f"{gains.column.heading} above {INPUT}")
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _verdict(worth: Worth, gains: Gains) -> str:
    """A line for each kind of data, and one on the best model beside ridge."""
    lines = [f"({gains.column.heading}, {len(gains.baselines)} playlists)"]
    everything = worth.everything()
    for name in worth.data:
        alone = gains.over(worth.alone(name), STATISTICS)
        told = _told(alone, "paid", "cost more than they gave", "cannot be told apart from nothing")
        line = f"- **{name} {told}**: alone {_written(gains, alone)} over {INPUT}"
        rest = worth.everything(without=name)
        if everything and rest:
            beside = gains.over(everything, rest)
            told = _told(beside, "", "", ", which may be chance")
            line += f"; beside {rest if len(worth.data) == 2 else 'all the rest'} {_written(gains, beside)}{told}"
        lines.append(line)
    best = max(worth.models, key=lambda title: gains.scores(title).mean())
    line = f"- The best, {best}, is {_score(gains, best)}; {INPUT} {_score(gains, STATISTICS)}"
    if RIDGE in gains.baselines:
        over = gains.over(best, RIDGE)
        told = _told(over, "below the best", "better: take it", "as good: the two cannot be told apart")
        line += f". **Ridge**, which trains in seconds, is {told} ({_written(gains, over)} over ridge)"
    return "\n".join([*lines, line])


def _told(found: Interval, above: str, below: str, same: str) -> str:
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return same
    return above if found.mean > 0 else below


def _table(worth: Worth, gains: Gains) -> str:
    """Each row's score, how far it is above the input and above ridge, and how much seeds differ."""
    others = _compared_with(gains)
    spread = len(worth.seeds) > 1
    headings = [gains.column.heading, *(f"over {_row_title(other)}" for other in others), *["std over seeds"] * spread]
    lines = [f"| aligned with | {' | '.join(headings)} |", "|---|" + "---:|" * len(headings)]
    for row in gains.rows:
        cells = [_score(gains, row)]
        cells += [_written(gains, gains.over(row, other)) if row != other else "" for other in others]
        if spread:
            std = gains.spread(row) if row in gains.models else None
            cells.append("" if std is None else f"{std * gains.column.scale:.{gains.column.digits}f}")
        lines.append(f"| {_row_title(row)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_popularity(worth: Worth, gains: Gains) -> list[str]:
    """Each row's gain over the input where only songs that so many playlists hold are to be found."""
    if not gains.parts:
        return []
    headings = [f"in {name} ({len(part.baselines)})" for name, part in gains.parts.items()]
    lines = [f"| over {INPUT} | {' | '.join(headings)} |", "|---|" + "---:|" * len(headings)]
    for row in [*_baselines(worth), *worth.models]:
        if row in gains.rows:
            parts = gains.parts.values()
            cells = [_written(part, part.over(row, STATISTICS)) if row in part.rows else "-" for part in parts]
            lines.append(f"| {_row_title(row)} | {' | '.join(cells)} |")
    told = "By popularity: only songs that so many playlists hold are to be found (in so many playlists)."
    return [told, "\n".join(lines)]


def _numbers(worth: Worth, gains: Gains) -> dict[str, Any]:
    others = _compared_with(gains)
    return {
        "score": gains.column.score,
        "heading": gains.column.heading,
        "order": gains.rows,
        "items": len(gains.baselines),
        "rows": {
            row: {
                "mean": float(gains.scores(row).mean()),
                "over": {other: asdict(gains.over(row, other)) for other in others if other != row},
                "by_popularity": {
                    name: asdict(part.over(row, STATISTICS)) for name, part in gains.parts.items() if row in part.rows
                },
                "std_over_seeds": gains.spread(row) if row in gains.models else None,
            }
            for row in gains.rows
        },
    }


def _compared_with(gains: Gains) -> list[str]:
    return [row for row in (STATISTICS, RIDGE) if row in gains.baselines]


def _baselines(worth: Worth) -> list[str]:
    """The baselines of all tasks but the input, which the others are compared with."""
    rows = dict.fromkeys(row for gains in worth.gains.values() for row in gains.rows if row not in worth.models)
    return [row for row in rows if row != STATISTICS]


def _row_title(row: str) -> str:
    return INPUT if row == STATISTICS else TITLES.get(row, row)


def _score(gains: Gains, row: str) -> str:
    return f"{gains.scores(row).mean() * gains.column.scale:.{gains.column.digits}f}"


def _written(gains: Gains, found: Interval) -> str:
    return found.written(gains.column.scale, gains.column.digits, "+")


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
