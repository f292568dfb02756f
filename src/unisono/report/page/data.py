"""Sections of the page on what went in: the split, what was packed and rejected, params, data and machine."""

from collections.abc import Mapping
from typing import Any

from unisono.corpora.labels import PARTS
from unisono.report.page.charts import bars, spread
from unisono.report.page.document import Block, Section, TextTable

MOST_GENRES = 40  # bars of a chart


def split_section(splits: Mapping[str, Mapping[str, Any]]) -> Section:
    """How often each genre is, and how evenly the split shares it out; `splits` by corpus."""
    blocks = []
    for corpus, found in splits.items():
        each = found.get("genres", {}).get("each", {})
        if not each:
            continue
        ordered = sorted(each, key=lambda genre: (-each[genre]["tracks"], genre))
        sizes = ", ".join(f"{part} {found['sizes'][part]:,}" for part in PARTS)
        text = [f"Tracks: {sizes}; {found['tracks_without_genre']:,} have no genre."]
        if len(ordered) > MOST_GENRES:
            text.append(f"The {MOST_GENRES} most frequent of {len(ordered)} genres.")
        tracks = {genre: each[genre]["tracks"] for genre in ordered[:MOST_GENRES]}
        blocks.append(Block(f"{corpus}: how often a genre is", text, bars(tracks, "tracks"), "Tracks of each genre"))
        of = [each[genre]["tracks"] for genre in ordered]
        points = {part: (of, [each[genre][part] for genre in ordered], ordered) for part in ("validation", "test")}
        deviation = found["genres"]["deviation"]
        text = [
            "What share of each genre's tracks lies in a part: the more even, the better."
            f" Deviation from the whole catalogue's share: {deviation['mean']:.4f} on average,"
            f" {deviation['max']:.3f} at most."
        ]
        chart = spread(points, "tracks of the genre", "share in the part")
        blocks.append(Block(f"{corpus}: how even the split is", text, chart, "The share of each genre in each part"))
    return Section(
        "split",
        "Labels and split",
        blocks,
        "All corpora came with lists of their own, or without genres.",
    )


def packed_section(packed: Mapping[str, Mapping[str, Any]]) -> Section:
    """What each corpus held, and which tracks could not be used; `packed` by corpus."""
    rows = []
    for corpus, found in packed.items():
        reasons = ", ".join(f"{reason}: {n:,}" for reason, n in found["rejects"].items()) or "-"
        cells = [
            f"{found['tracks']:,}",
            f"{found['hours']:.1f}" if "hours" in found else "-",
            f"{found['rejected']:,}",
            f"{found['reject_share']:.2%}",
        ]
        rows.append([corpus, *cells, reasons])
    if not rows:
        return Section("packed", "Tracks and rejects", missing="No corpus was packed.")
    table = TextTable(["", "tracks", "hours", "rejected", "share", "why"], rows, worded=("why",))
    notes = {
        f"{corpus}: what else was noticed": "\n".join(f"{name}: {n:,}" for name, n in noticed.items())
        for corpus, found in packed.items()
        if (noticed := {name: n for name, n in {**found["catalogue"], **found["warnings"]}.items() if n})
    }
    return Section("packed", "Tracks and rejects", [Block(table=table, folded=notes)])


def run_section(
    params: str, inventory: Mapping[str, Mapping[str, str]], machines: Mapping[str, Mapping[str, Any]]
) -> Section:
    """What would have to be the same for the same results.

    Args:
        params: as YAML.
        inventory: by corpus, its version and size, {name: text}.
        machines: by training, what it ran on.
    """
    headings = list(next(iter(inventory.values()), {}))
    data = TextTable(
        ["", *headings], [[corpus, *found.values()] for corpus, found in inventory.items()], worded=headings
    )
    blocks = [Block("Raw data", ["The version is the MD5 of the files' names and sizes."], table=data)]
    if machines:
        names = list(next(iter(machines.values())))
        rows = [[training, *(str(found[name]) for name in names)] for training, found in machines.items()]
        blocks.append(Block("Where it was trained", table=TextTable(["", *names], rows, worded=names)))
    blocks.append(Block("Params", folded={"params.yaml": params}))
    return Section("run", "This run", blocks)
