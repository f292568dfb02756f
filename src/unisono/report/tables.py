"""What the paper's tables show: their columns, and rows of scores rendered as Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass

from unisono.report.scores import Row, Score

RETRIEVAL = (("r", 1), ("r", 2), ("r", 4), ("r", 8), ("m", 1), ("m", 4), ("m", 7), ("m", 10))


@dataclass(frozen=True)
class Column:
    """A column: the score's key, its heading, and how it is written (1 as `scale`, with `digits` decimals)."""

    key: str
    heading: str
    digits: int
    scale: float = 1


@dataclass(frozen=True)
class Table:
    """A table; `name` is its figure's file name."""

    name: str
    title: str
    columns: tuple[Column, ...]


def tables(k: int = 100) -> list[Table]:
    """Return Tables 1 to 3 of Ferraro et al. 2021, with continuations of length `k`, and what both systems are for.

    The second system's tables are those of Akama et al. 2023, section 6: retrieval and automatic tagging.
    """
    categories = ("genre", "mood", "instrument")
    return [
        Table("gtzan", "Table 1: genre classification (GTZAN)", (Column("gtzan.accuracy", "accuracy, %", 2, 100),)),
        Table(
            "jamendo",
            "Table 2: automatic tagging (MTG-Jamendo)",
            tuple(Column(f"jamendo.{category}.roc_auc", f"{category} ROC AUC", 3) for category in categories),
        ),
        Table(
            "playlists",
            "Table 3: playlist continuation",
            (Column(f"playlists.ndcg@{k}", f"nDCG@{k}", 4), Column(f"playlists.map@{k}", f"MAP@{k}", 4)),
        ),
        Table(
            "tags",
            "The catalogue's own genres (not in the paper)",
            (Column("tags.roc_auc", "ROC AUC", 3), Column("tags.pr_auc", "PR AUC", 3)),
        ),
        Table(
            "retrieval",
            "Similarity-based retrieval",
            tuple(Column(f"retrieval.{name}@{k}", f"{name.upper()}@{k}", 1) for name, k in RETRIEVAL),
        ),
        Table(
            "autotagging",
            "Automatic tagging by the second system's own tag head",
            (Column("autotagging.roc_auc", "ROC AUC", 3), Column("autotagging.pr_auc", "PR AUC", 3)),
        ),
    ]


def rows_in(table: Table, rows: Mapping[str, Row]) -> dict[str, Row]:
    """Return the rows that have something to say in the table."""
    return {title: row for title, row in rows.items() if any(column.key in row for column in table.columns)}


def render(table: Table, rows: Mapping[str, Row]) -> str:
    """Return a Markdown table of `rows` ({title: row}), with `-` for what is missing."""
    lines = [
        "| | " + " | ".join(column.heading for column in table.columns) + " |",
        "|---|" + "---:|" * len(table.columns),
    ]
    for title, row in rows_in(table, rows).items():
        lines.append(f"| {title} | " + " | ".join(_cell(row.get(c.key), c) for c in table.columns) + " |")
    return "\n".join(lines)


def _cell(score: Score | None, column: Column) -> str:
    if score is None:
        return "-"
    mean = f"{score.mean * column.scale:.{column.digits}f}"
    return mean if score.std is None else f"{mean} ±{score.std * column.scale:.{column.digits}f}"
