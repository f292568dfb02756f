"""Tables on a screen, in a pipe, or as JSON."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def show(table: "pd.DataFrame", as_json: bool) -> None:
    """Print a table with its index: JSON records; columns on a terminal; otherwise cells separated by tabs."""
    table = table.reset_index()
    if as_json:
        print(table.to_json(orient="records", force_ascii=False, indent=2, double_precision=6))
        return
    cells = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    if not sys.stdout.isatty():
        for row in [list(table.columns), *cells]:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    grid = Table(*(str(column) for column in table.columns), box=None, pad_edge=False)
    for row in cells:
        grid.add_row(*row)
    Console(highlight=False, markup=False, emoji=False).print(grid)


def _cell(value: object) -> str:
    if isinstance(value, float) or type(value).__name__.startswith("float"):
        return f"{value:.3f}"
    if isinstance(value, str | int):
        return " ".join(str(value).split())
    try:
        return "; ".join(map(str, value))  # type: ignore[call-overload]  # a list of genres
    except TypeError:
        return str(value)
