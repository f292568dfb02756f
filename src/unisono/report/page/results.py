"""Sections of the page on what was measured: the tasks' tables, each tag and genre, playlists, what data are worth."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from unisono.report.intervals import of_summary
from unisono.report.models import TITLES
from unisono.report.page.charts import Dot, dots, heat, steps
from unisono.report.page.document import Block, Section, TextTable, Tile
from unisono.report.scores import RANDOM, STATISTICS, UNTRAINED, Results, Row
from unisono.report.tables import Table, cell, rows_in

MOST_TAGS = 40  # rows of a chart: of more tags, the best and the worst half of so many
LEAST_ITEMS = 5  # of fewer, an interval would be wider than the chart
INPUT = "the input itself"


def tiles(shown: Sequence[Table], rows: Mapping[str, Row], titles: Mapping[str, str]) -> list[Tile]:
    """The first score of each task, by the best of what was trained, beside an untrained encoder or guessing."""
    found = []
    for table in shown:
        column = table.columns[0]
        key = table.key(column)
        trained = {row: rows[row][key] for row in titles if key in rows[row]}
        beside = next((row for row in (UNTRAINED, RANDOM) if key in rows[row]), None)
        if trained:
            best = max(trained.values(), key=lambda score: score.mean)
            told = f"{TITLES[beside]} {cell(rows[beside][key], column)}" if beside else ""
            found.append(Tile(cell(best, column).split(" ")[0], f"{table.name}, {column.heading}", told))
    return found


def tasks_section(
    shown: Sequence[Table],
    own: Mapping[str, Row],
    published: Mapping[str, Row],
    *,
    comparable: bool,
    left_out: Mapping[str, str],
) -> Section:
    """A block a task: a chart of its first score, and a table of all; the papers' rows beside ours, or below."""
    blocks = [_task(table, own, published, comparable) for table in shown]
    if left_out:
        lines = [[f"evaluation.{name}", reason] for name, reason in left_out.items()]
        blocks.append(Block("Tasks left out", table=TextTable(["task", "why"], lines, worded=("why",))))
    return Section("results", "Results", blocks, "No task was evaluated.")


def classes_section(results: Results, titles: Mapping[str, str]) -> Section:
    """What lies behind the means: a matrix of genres told for others, and each tag's ROC AUC."""
    blocks = []
    for task, details in results.evaluated.items():
        of_models = {**details.get("classes", {}), **results.baselines.get(task, {}).get("classes", {})}
        for model, classes in details.get("classes", {}).items():
            if not _has_auc(classes):
                told = f"{task}: which genres {titles[model]} tells apart, in % of the test tracks of each"
                blocks.append(Block(told, chart=heat(classes), described=_worst_confusion(classes)))
        tagged = {titles.get(model, model): of_tags for model, of_tags in of_models.items() if _has_auc(of_tags)}
        if tagged:
            blocks += _tags(task, tagged)
    return Section("classes", "Genre by genre", blocks, "No task with genres or tags was evaluated.")


def playlists_section(results: Results, titles: Mapping[str, str]) -> Section:
    """nDCG against how many songs of a playlist are known, and how many playlists hold a song."""
    blocks = []
    for task, details in results.evaluated.items():
        rows = {**details.get("models", {}), **results.baselines.get(task, {}).get("models", {})}
        for kind, axis in (("of", "known songs of a playlist"), ("in", "playlists that hold the song")):
            found = {titles.get(row, row): _ranges(scores, kind) for row, scores in rows.items()}
            found = {title: values for title, values in found.items() if values}
            if not found:
                continue
            ranges = sorted({step for values in found.values() for step in values}, key=_first_number)
            told = {"of": "by the length of the playlist", "in": "by the popularity of the song"}[kind]
            score = next(column["heading"] for column in details["columns"])
            chart = steps(ranges, found, score, f"{axis} (how many playlists that rests on)")
            text = [f"Whiskers are 95% intervals over playlists, where there are {LEAST_ITEMS} or more."]
            blocks.append(Block(f"{task}: {told}", text, chart, f"{score} {told}"))
    return Section("playlists", "Playlists", blocks, "No task that continues playlists was evaluated.")


def worth_section(worth: Mapping[str, Any] | None) -> Section:
    """What each kind of data adds over the input, as `make worth` found it."""
    title = "What is my data worth?"
    if worth is None:
        return Section("worth", title, missing="Not asked yet: `make worth`, then `dvc repro`, puts the answer here.")
    blocks = []
    for task, found in worth["gains"].items():
        over = {
            TITLES.get(row, row): Dot(gain["mean"], gain["low"], gain["high"])
            for row in found["order"]
            if (gain := found["rows"][row]["over"].get(STATISTICS)) is not None
        }
        heading = f"{found['heading']} above {INPUT}"
        text = [f"Paired over {found['items']} playlists, with 95% intervals: where one holds 0, it may be chance."]
        chart = dots(list(over), {"gain": over}, heading, over.keys() - TITLES.values(), zero=True)
        blocks.append(Block(task, text, chart, f"{heading}, for each kind of data"))
    return Section("worth", title, blocks, "No task has scores of its own for each playlist.")


def _task(table: Table, own: Mapping[str, Row], published: Mapping[str, Row], comparable: bool) -> Block:
    rows = rows_in(table, own)
    papers = rows_in(table, published)
    first = table.columns[0]
    charted = {**rows, **papers} if comparable else rows
    dots_of = {title: _dot(row, table.key(first), first.scale) for title, row in charted.items()}
    found = {title: dot for title, dot in dots_of.items() if dot is not None}
    lines = [[title, *(cell(row.get(table.key(c)), c) for c in table.columns)] for title, row in rows.items()]
    if papers:
        heading = [] if comparable else [["As published, on other data", *[""] * len(table.columns)]]
        lines += heading + [
            [title, *(cell(row.get(table.key(c)), c) for c in table.columns)] for title, row in papers.items()
        ]
    ours = [title for title in rows if title.endswith("(this run)")]
    return Block(
        table.title,
        chart=dots(list(found), {first.heading: found}, first.heading, ours),
        described=f"{first.heading} of {len(found)} rows; the table below has them",
        table=TextTable(["", *(column.heading for column in table.columns)], lines, ours),
    )


def _dot(row: Row, key: str, scale: float) -> Dot | None:
    score = row.get(key)
    if score is None:
        return None
    mean = score.mean * scale
    return Dot(mean) if score.std is None else Dot(mean, mean - score.std * scale, mean + score.std * scale)


def _has_auc(classes: Mapping[str, Mapping[str, float]]) -> bool:
    return any("roc_auc" in scores for scores in classes.values())


def _tags(task: str, of_models: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Block]:
    """A block a task: each tag's ROC AUC by each model, the first model's best above."""
    first = next(iter(of_models.values()))
    ordered = sorted(first, key=lambda tag: (-first[tag]["roc_auc"], tag))
    text = ["Each model's mean over the repeats; 0.5 is guessing."]
    if len(ordered) > MOST_TAGS:
        half = MOST_TAGS // 2
        text.append(f"The {half} best and the {half} worst of {len(ordered)} tags by the first of the models.")
        ordered = [*ordered[:half], *ordered[-half:]]
    series = {
        title: {_plain(tag): Dot(classes[tag]["roc_auc"]) for tag in ordered if tag in classes}
        for title, classes in of_models.items()
    }
    chart = dots([_plain(tag) for tag in ordered], series, "ROC AUC")
    return [Block(f"{task}: each tag", text, chart, f"ROC AUC of {len(ordered)} tags")]


def _plain(tag: str) -> str:
    """Of MTG-Jamendo's tags, such as mood.mood/theme---dark, what a person would say: dark (mood)."""
    labels, _, name = tag.partition("---")
    return f"{name} ({labels.split('.')[0]})" if name else tag


def _worst_confusion(shares: Mapping[str, Mapping[str, float]]) -> str:
    pairs = [(share, true, told) for true, row in shares.items() for told, share in row.items() if true != told]
    share, true, told = max(pairs)
    return f"A matrix of genres; most often {true} is told as {told}, {share:.0%} of the time"


def _ranges(scores: Mapping[str, Mapping[str, float]], kind: str) -> dict[str, Dot]:
    """The scores of ranges, by the range and how many items it has: ndcg@100.of_9-16 is the range 9-16 of kind `of`."""
    found = {}
    for score, summary in scores.items():
        mark = f".{kind}_"
        if mark in score:
            of = of_summary(summary)
            sure = of.n >= LEAST_ITEMS
            name = f"{score.split(mark)[1]} ({of.n:,})"
            found[name] = Dot(of.mean, of.low, of.high) if sure else Dot(of.mean)
    return found


def _first_number(step: str) -> int:
    return int(re.split(r"\D", step)[0])
