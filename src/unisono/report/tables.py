"""Tables: which there are, and rows of scores rendered as Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass

from unisono.evaluation.task import Column
from unisono.params import Task
from unisono.report.scores import Details, Row, Score

# The papers' tasks: Tables 1 to 3 of Ferraro et al. 2021; retrieval and tagging of Akama et al. 2023, section 6.
TITLES = {
    "gtzan": "Table 1: genre classification (GTZAN)",
    "jamendo": "Table 2: automatic tagging (MTG-Jamendo)",
    "playlists": "Table 3: playlist continuation",
    "tags": "The catalogue's own genres (not in the paper)",
    "crossmodal": "Cross-modal retrieval (in neither paper)",
    "retrieval": "Similarity-based retrieval",
    "autotagging": "Automatic tagging by the second system's own tag head",
}


@dataclass(frozen=True)
class Table:
    """The table of one task; `name` is the task's, and its figure's file name."""

    name: str
    title: str
    columns: tuple[Column, ...]

    def key(self, column: Column) -> str:
        """The column's key in rows."""
        return f"{self.name}.{column.score}"


def tables(tasks: Mapping[str, Task], evaluated: Mapping[str, Details]) -> list[Table]:
    """Return the tables of the `tasks` that were evaluated, in their order in params.yaml."""
    return [
        Table(
            name,
            TITLES.get(name, f"{name}: {task.task.replace('_', ' ')} ({task.corpus})"),
            tuple(Column(**column) for column in evaluated[name]["columns"]),
        )
        for name, task in tasks.items()
        if "columns" in evaluated.get(name, {})
    ]


def rows_in(table: Table, rows: Mapping[str, Row]) -> dict[str, Row]:
    """Return the rows that have something to say in the table."""
    keys = [table.key(column) for column in table.columns]
    return {title: row for title, row in rows.items() if any(key in row for key in keys)}


def render(table: Table, rows: Mapping[str, Row], below: Mapping[str, Row] | None = None, heading: str = "") -> str:
    """Return a Markdown table of `rows` ({title: row}), with `-` for what is missing.

    Args:
        below: more rows, under a `heading` of their own.
    """
    lines = [
        "| | " + " | ".join(column.heading for column in table.columns) + " |",
        "|---|" + "---:|" * len(table.columns),
        *_lines(table, rows),
    ]
    if more := _lines(table, below or {}):
        lines += [f"| **{heading}** |" + " |" * len(table.columns), *more]
    return "\n".join(lines)


def _lines(table: Table, rows: Mapping[str, Row]) -> list[str]:
    return [
        f"| {title} | " + " | ".join(cell(row.get(table.key(c)), c) for c in table.columns) + " |"
        for title, row in rows_in(table, rows).items()
    ]


def cell(score: Score | None, column: Column) -> str:
    if score is None:
        return "-"
    mean = f"{score.mean * column.scale:.{column.digits}f}"
    return mean if score.std is None else f"{mean} ±{score.std * column.scale:.{column.digits}f}"
