"""The page itself: sections of text, tables and charts in one HTML file that needs no network.

Whatever is not a chart goes through a template that escapes it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

HERE = Path(__file__).parent
LOOK = {"displayModeBar": False, "responsive": True}


@dataclass(frozen=True)
class TextTable:
    """A table.

    Attributes:
        headings: of its columns, the first of which names the rows.
        rows: as texts.
        own: the rows that stand out, by name.
        worded: the headings of the columns that hold words rather than numbers.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    own: Collection[str] = ()
    worded: Collection[str] = ()


@dataclass(frozen=True)
class Block:
    """A part of a section, whatever it has of these, in this order.

    Attributes:
        title: its own; "" for none.
        text: paragraphs.
        chart: a chart.
        described: the chart in a sentence, for who does not see it.
        table: a table.
        folded: a longer text that is shown on a click, by its title.
    """

    title: str = ""
    text: Sequence[str] = ()
    chart: go.Figure | None = None
    described: str = ""
    table: TextTable | None = None
    folded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A section of the page; `missing` is what it says instead where it has no blocks."""

    name: str
    title: str
    blocks: Sequence[Block] = ()
    missing: str = ""


@dataclass(frozen=True)
class Tile:
    """One of the figures at the top of the page."""

    value: str
    what: str
    beside: str = ""


def render(title: str, lead: Sequence[str], tiles: Sequence[Tile], sections: Sequence[Section]) -> str:
    """Return the page as HTML. The same arguments give the same bytes."""
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    environment.filters["code"] = _code
    charts = {
        section.name: [
            "" if block.chart is None else _html(block.chart, f"{section.name}-{number}")
            for number, block in enumerate(section.blocks)
        ]
        for section in sections
    }
    return environment.get_template("page.html").render(
        title=title,
        lead=lead,
        tiles=tiles,
        sections=sections,
        charts=charts,
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),  # our own file
        library=Markup(get_plotlyjs()),  # the library's own file
    )


def _code(text: str) -> Markup:
    """A text of which what stands between backticks is set as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # escaped before


def _html(figure: go.Figure, name: str) -> Markup:
    html = figure.to_html(config=LOOK, include_plotlyjs=False, full_html=False, div_id=name, default_width="100%")
    return Markup(html)  # Plotly escapes what it writes into a script; the names in it, charts.py
