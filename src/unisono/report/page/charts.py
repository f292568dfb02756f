"""The page's charts, by Plotly: each takes plain numbers and names, and has the page's look in light and dark.

Names come from a user's data and are escaped here, for Plotly takes some HTML.
"""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import plotly.graph_objects as go

# Of explore's map: eight that colour-blind eyes tell apart as well, and one for all others.
COLOURS = ("#2a78d6", "#eb6834", "#1baf7a", "#eda100", "#e87ba4", "#008300", "#4a3aa7", "#e34948")
OTHER, BAND = "#a9a8a0", "rgba(42, 120, 214, 0.85)"
ROW, FRAME, LEGEND = 26, 90, 40  # pixels: of a row of names, around a plot, and of a line of its legend
LONGEST = 32  # characters of a name beside an axis

Points = tuple[Sequence[float], Sequence[float], Sequence[str]]  # x, y and the name of each


class Dot(NamedTuple):
    """A value, and the ends of its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


def dots(
    rows: Sequence[str],
    series: Mapping[str, Mapping[str, Dot]],
    heading: str,
    own: Collection[str] | None = None,
    *,
    zero: bool = False,
) -> go.Figure:
    """Rows of names from top to bottom, a dot for each series that has one; whiskers are intervals.

    Args:
        series: the first is drawn last and in the first colour, so that it stands out.
        heading: of the axis of values.
        own: the rows that stand out; None for all.
        zero: whether a line marks 0, of differences.
    """
    figure = go.Figure()
    for number, (name, values) in reversed(list(enumerate(series.items()))):
        there = [row for row in rows if row in values]
        found = [values[row] for row in there]
        figure.add_scatter(
            x=[dot.value for dot in found],
            y=[_short(row) for row in there],
            error_x=_whiskers(found),
            name=escape(name),
            customdata=[_told(dot) for dot in found],
            hovertemplate="%{y}: %{customdata}",
            mode="markers",
            marker={
                "size": 9 if number == 0 else 7,
                "color": [_colour(number) if own is None or row in own else OTHER for row in there],
            },
        )
    if zero:
        figure.add_vline(0, line={"color": OTHER, "dash": "dot", "width": 2})
    places = {"categoryorder": "array", "categoryarray": [_short(row) for row in reversed(rows)]}
    return _framed(figure, {"title": heading}, places, FRAME + ROW * len(rows), legend=len(series) > 1)


def bars(values: Mapping[str, float], heading: str) -> go.Figure:
    """A bar a name from top to bottom."""
    figure = go.Figure(
        go.Bar(
            x=list(values.values()),
            y=[_short(name) for name in values],
            orientation="h",
            marker_color=COLOURS[0],
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )
    return _framed(figure, {"title": heading}, {"autorange": "reversed"}, FRAME + 20 * len(values), legend=False)


def lines(series: Mapping[str, Sequence[float]], heading: str, step: str, hidden: Sequence[str] = ()) -> go.Figure:
    """A line a series over the steps 1, 2, ...; those `hidden` are shown by a click on their name."""
    figure = go.Figure()
    for number, (name, values) in enumerate(series.items()):
        figure.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=list(values),
            name=escape(name),
            mode="lines+markers" if len(values) < 30 else "lines",
            line={"color": _colour(number), "width": 2},
            hovertemplate="%{y:.4g}",
            visible="legendonly" if name in hidden else True,
        )
    return _framed(figure, {"title": step}, {"title": heading}, 320, legend=len(series) > 1, hovermode="x unified")


def steps(names: Sequence[str], series: Mapping[str, Mapping[str, Dot]], heading: str, axis: str) -> go.Figure:
    """Names from left to right, such as ranges in their order, and a line with whiskers for each series."""
    figure = go.Figure()
    for number, (name, values) in reversed(list(enumerate(series.items()))):
        there = [step for step in names if step in values]
        found = [values[step] for step in there]
        figure.add_scatter(
            x=there,
            y=[dot.value for dot in found],
            error_y=_whiskers(found),
            name=escape(name),
            customdata=[_told(dot) for dot in found],
            hovertemplate="%{x}: %{customdata}",
            mode="lines+markers",
            line={"color": _colour(number), "width": 2},
        )
    order = {"title": axis, "type": "category", "categoryorder": "array", "categoryarray": list(names)}
    return _framed(figure, order, {"title": heading, "rangemode": "tozero"}, 340, legend=len(series) > 1)


def heat(shares: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """Shares as a matrix in percent: rows are what is true, columns what was told."""
    rows, columns = list(shares), list(next(iter(shares.values())))
    percent = [[round(100 * shares[row][column]) for column in columns] for row in rows]
    figure = go.Figure(
        go.Heatmap(
            x=[_short(column) for column in columns],
            y=[_short(row) for row in rows],
            z=percent,
            texttemplate="%{z}" if len(columns) <= 12 else None,
            colorscale=[[0, "rgba(42, 120, 214, 0)"], [1, BAND]],
            showscale=False,
            zmin=0,
            zmax=100,
            hovertemplate="%{y} told as %{x}: %{z}%<extra></extra>",
        )
    )
    told, true = {"title": "told as", "showgrid": False}, {"title": "true", "showgrid": False, "autorange": "reversed"}
    return _framed(figure, told, true, FRAME + 30 * len(rows), legend=False)


def scatter(groups: Mapping[str, Points]) -> go.Figure:
    """A map: the points of each group in its colour; the last group is all others."""
    figure = go.Figure()
    for number, (group, points) in reversed(list(enumerate(groups.items()))):
        colour = OTHER if number == len(groups) - 1 else _colour(number)
        _add_points(figure, _short(group), points, "%{text}", size=6, colour=colour)
    without = {"visible": False}
    return _framed(figure, without, {**without, "scaleanchor": "x"}, 620, legend=True)


def spread(groups: Mapping[str, Points], x: str, y: str) -> go.Figure:
    """The points of each group over a logarithmic axis."""
    figure = go.Figure()
    for number, (group, points) in enumerate(groups.items()):
        _add_points(figure, escape(group), points, "%{text}: %{y:.3f} of %{x}", size=7, colour=_colour(number))
    ticks = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
    logarithmic = {"title": x, "type": "log", "tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}
    return _framed(figure, logarithmic, {"title": y, "rangemode": "tozero"}, 320, legend=True)


def _add_points(figure: go.Figure, group: str, points: Points, hover: str, *, size: int, colour: str) -> None:
    x, y, names = points
    figure.add_scatter(
        x=list(x),
        y=list(y),
        name=group,
        text=[escape(name) for name in names],
        hovertemplate=hover,
        mode="markers",
        marker={"size": size, "color": colour, "opacity": 0.8},
    )


def _framed(
    figure: go.Figure, x: dict[str, Any], y: dict[str, Any], height: int, *, legend: bool, hovermode: str = "closest"
) -> go.Figure:
    """The page's look; colours of text and lines are the style sheet's, which knows whether it is dark."""
    axis = {"fixedrange": True, "automargin": True, "zeroline": False}
    figure.update_layout(
        template="none",
        xaxis={**axis, **x},
        yaxis={**axis, **y},
        height=height + LEGEND * legend,
        margin={"l": 10, "r": 10, "t": 10 + LEGEND * legend, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        showlegend=legend,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "traceorder": "reversed",
            "itemsizing": "constant",
        },
        xaxis_title_font_size=13,
        yaxis_title_font_size=13,
        hovermode=hovermode,
        dragmode=False,
    )
    return figure


def _whiskers(found: Sequence[Dot]) -> dict[str, Any] | None:
    if all(dot.low is None for dot in found):
        return None
    above = [0 if dot.high is None else dot.high - dot.value for dot in found]
    below = [0 if dot.low is None else dot.value - dot.low for dot in found]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2, "width": 3}


def _told(dot: Dot) -> str:
    interval = "" if dot.low is None else f" ({dot.low:.4g} to {dot.high:.4g})"
    return f"{dot.value:.4g}{interval}"


def _colour(number: int) -> str:
    return COLOURS[number] if number < len(COLOURS) else OTHER


def _short(name: str) -> str:
    return escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
