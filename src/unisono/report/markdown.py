"""The report page: the paper's tables for our own models beside the published rows."""

from collections.abc import Mapping

from unisono.report.models import TITLES
from unisono.report.published import PUBLISHED
from unisono.report.scores import Row
from unisono.report.tables import Table, render, rows_in

NOT_COMPARABLE = (
    "> **The figures of this run are not comparable with the papers'**: they were measured on other data than theirs."
    " Published rows only show what the papers report."
)
LEGEND = (
    "± is the standard deviation over {spread}. `random`: guessing with the training part's genre frequencies (GTZAN),"
    " 0.5 and the share of positive tracks (ROC and PR AUC), a random order (playlists, retrieval). `untrained`: the"
    " first system's audio encoder before its first step."
)


def own_and_published(own: Mapping[str, Row]) -> dict[str, Row]:
    """Return rows by title: our own, then the published ones."""
    paper = {f"{TITLES.get(name, name)} (paper)": row for name, row in PUBLISHED.items()}
    return {**own, **paper}


def page(
    title: str,
    own: Mapping[str, Row],
    shown: list[Table],
    *,
    comparable: bool,
    spread: str = "the repeats of a task",
    figures: str | None = None,
) -> str:
    """Return a Markdown page with those of the `shown` tables in which `own` has a row.

    Args:
        own: our rows by title.
        comparable: whether the corpora are the paper's; if not, the page says so at its top.
        spread: what ± runs over.
        figures: the folder of the figures, relative to the page; None for a page without figures.
    """
    parts = [f"# {title}", LEGEND.format(spread=spread)]
    if not comparable:
        parts.insert(1, NOT_COMPARABLE)
    for table in shown:
        if not rows_in(table, own):
            continue
        parts += [f"## {table.title}", render(table, own_and_published(own))]
        if figures is not None:
            parts.append(f"![{table.title}]({figures}/{table.name}.png)")
    return "\n\n".join(parts) + "\n"
