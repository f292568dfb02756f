"""Sections of the page on what was learnt: the catalogue as a map, training, genres and collaborative factors."""

from collections.abc import Mapping
from typing import Any

from unisono.report.page.charts import lines, scatter
from unisono.report.page.document import Block, Section, TextTable

TRAININGS = {
    "train": "Alignment (the first system)",
    "pretrain": "Self-supervised pre-training (the second system)",
    "finetune": "Metric learning (the second system)",
}
LOSSES = {
    "a2g": "audio to genre", "a2p": "audio to playlist", "g2p": "genre to playlist", "a2a": "audio to another crop",
    "a2t": "audio to words", "g2t": "genre to words", "p2t": "playlist to words", "a2r": "audio to artist",
    "contrastive": "self-supervised", "metric": "by tags",
}  # fmt: skip
PARTS = {"train": "training", "validation": "validation"}


def map_section(found: Mapping[str, Any] | None) -> Section:
    """The catalogue's tracks, alike side by side."""
    title = "The catalogue as a map"
    if found is None:
        return Section("map", title, missing="No catalogue was aligned in this run.")
    groups: dict[str, tuple[list[float], list[float], list[str]]] = {name: ([], [], []) for name in found["genres"]}
    names = list(groups)
    for x, y, genre, name in zip(found["x"], found["y"], found["genre"], found["name"], strict=True):
        xs, ys, of = groups[names[genre]]
        xs.append(x)
        ys.append(y)
        of.append(name)
    n, shown = found["n"], len(found["x"])
    text = [
        "Tracks that the trained encoder finds alike lie side by side; directions and distances mean nothing (t-SNE)."
    ]
    if shown < n:
        text.append(f"{shown:,} of {n:,} tracks, drawn at random; `unisono explore` has them all, and plays them.")
    return Section("map", title, [Block("", text, scatter(groups), f"A map of {shown} tracks, coloured by genre")])


def training_section(details: Mapping[str, Mapping[str, Any]]) -> Section:
    """The losses of each epoch of each training; `details` by the training's name."""
    blocks = []
    for name, title in TRAININGS.items():
        found = details.get(name, {})
        curves = found.get("curves", [])
        if not curves:
            continue
        each = [loss for loss in curves[0]["train"] if loss != "loss"]
        series = {
            f"{LOSSES.get(loss, loss) if loss != 'loss' else 'total'}, {shown}": [epoch[part][loss] for epoch in curves]
            for loss in ("loss", *each)
            for part, shown in PARTS.items()
        }
        hidden = [shown for shown in series if not shown.startswith("total")] if each else []
        text = [
            f"{found['epochs']} epochs; the weights are those of epoch {found['best_epoch']}, the best in validation."
        ]
        if hidden:
            text.append("A click on the name of a loss shows it.")
        chart = lines(series, "loss", "epoch", hidden)
        blocks.append(Block(title, text, chart, f"Loss in training and validation over {found['epochs']} epochs"))
    return Section("training", "Training", blocks, "Nothing was trained in this run.")


def sanity_section(details: Mapping[str, Mapping[str, Any]]) -> Section:
    """Whether playlists, genres, words and artists were learnt sensibly, before audio is aligned with them."""
    blocks = []
    if factors := details.get("factorize"):
        held_out = ", ".join(f"{name} {value:.3f}" for name, value in sorted(factors["held_out"].items()))
        text = [
            f"Factors of {factors['songs']['n']:,} songs from {factors['playlists']['n']:,} playlists and"
            f" {factors['interactions']['n']:,} places in them."
        ]
        if held_out:
            text.append(
                f"Of {factors['interactions']['hidden']:,} places hidden from a first run it found: {held_out}."
            )
        chart = lines({"loss": factors["loss"]}, "loss", "epoch") if factors["loss"] else None
        blocks.append(Block("Playlists", text, chart, "The loss of the factorisation over its epochs"))
    for name in ("genres", "words", "artists"):
        if nearest := details.get(name, {}).get("nearest"):
            rows = [[of, ", ".join(others)] for of, others in nearest.items()]
            text = [f"The nearest by Word2Vec, of the {len(rows)} most frequent of {details[name]['n']:,}."]
            singular = name.removesuffix("s")
            blocks.append(
                Block(name.capitalize(), text, table=TextTable([singular, "nearest"], rows, worded=("nearest",)))
            )
    return Section("sanity", "What audio is aligned with", blocks, "No catalogue was aligned in this run.")
