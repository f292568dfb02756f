"""The report page: a table a task, for our own models and for the published ones."""

from collections.abc import Mapping

from unisono.report.models import TITLES
from unisono.report.published import PUBLISHED
from unisono.report.scores import Row
from unisono.report.tables import Table, render, rows_in

NOT_COMPARABLE = (
    "> **The figures of this run are not comparable with the papers'**: they were measured on other data than theirs."
    " Published rows only show what the papers report."
)
ELSEWHERE = "As published, on other data"
LEGEND = (
    "± is the standard deviation over {spread}. `random`: guessing with the training part's genre frequencies (GTZAN),"
    " 0.5 and the share of positive tracks (ROC and PR AUC), a random order (playlists, retrieval). `untrained`: the"
    " first system's audio encoder before its first step. `mel statistics`: mean and standard deviation of each band;"
    " `ridge`: these, or the vectors, regressed onto genres and playlists."
)
NOTHING = "No task was evaluated."


def published() -> dict[str, Row]:
    """Return the papers' rows by title."""
    return {f"{TITLES.get(name, name)} (paper)": row for name, row in PUBLISHED.items()}


def page(
    title: str,
    own: Mapping[str, Row],
    shown: list[Table],
    *,
    comparable: bool,
    spread: str = "the repeats of a task",
    figures: str | None = None,
    left_out: Mapping[str, str] | None = None,
) -> str:
    """Return a Markdown page with those of the `shown` tables in which `own` has a row.

    Args:
        own: our rows by title.
        comparable: whether the corpora are the papers'; if not, the page says so at its top, and published rows stand
            apart from ours.
        spread: what ± runs over.
        figures: the folder of the figures, relative to the page; None for a page without figures.
        left_out: why tasks were not evaluated, by name.
    """
    parts = [f"# {title}", LEGEND.format(spread=spread)]
    if not comparable:
        parts.insert(1, NOT_COMPARABLE)
    filled = [table for table in shown if rows_in(table, own)]
    for table in filled:
        rows = render(table, {**own, **published()}) if comparable else render(table, own, published(), ELSEWHERE)
        parts += [f"## {table.title}", rows]
        if figures is not None:
            parts.append(f"![{table.title}]({figures}/{table.name}.png)")
    if not filled:
        parts.append(NOTHING)
    if left_out:
        lines = [f"- evaluation.{name}: {reason}" for name, reason in left_out.items()]
        parts += ["## Tasks left out", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"
