"""What is trained, and an index of what it embedded."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unisono.cli.find import CATALOGUE, HERE, Corpus, Folder
from unisono.cli.output import Json

if TYPE_CHECKING:
    from unisono.project.models import FoundModel

WIDTH = 120
UNKNOWN = "not known: dvc.lock has no stage that made this model; it was copied here, or the stage was interrupted"


def models(project: Folder = HERE, json: Json = False) -> None:
    """Say which models are trained here: by which params, from which corpus, with which scores."""
    from dataclasses import asdict
    from json import dumps

    from unisono.project.models import find_models

    found = find_models(project)
    if json:
        print(dumps([asdict(model) for model in found], indent=2))
    else:
        print("\n\n".join(map(_described, found)))
    if any(model.problem for model in found):
        raise typer.Exit(1)


def index(
    output: Annotated[Path, typer.Option("-o", "--output", help="The index to write; it must not exist yet.")],
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
) -> None:
    """Write an index for approximate search in catalogues past a million tracks, and measure its recall.

    It is a usearch index of the aligned embeddings by cosine. Its keys are the rows of a table of ids beside it:
    FILE.ids.parquet.
    """
    import unisono
    from unisono.embeddings.index import K, ids_file, write_index

    catalogue = unisono.open_catalogue(project, corpus)
    ids = catalogue.tracks.reset_index()[["track_id", "title", "artist"]]
    recall = write_index(catalogue.vectors_ND, ids, output)
    print(f"{output}: {len(catalogue)} tracks, {output.stat().st_size:,} bytes; {ids_file(output)}: their ids")
    print(f"recall@{K} {recall.mean:.3f} against exact search, over {recall.queries} of the tracks", file=sys.stdout)


def _described(model: "FoundModel") -> str:
    from textwrap import fill

    lines = []
    if model.kind:
        learned = f"learned from {model.corpus}, " if model.corpus else ""
        numbers = f"{model.dimensions} dimensions, {model.parameters:,} parameters"
        lines.append(f"{model.name}: {model.kind}, {numbers}, {learned}written {model.written}")
    else:
        lines.append(model.name)
    rows = {
        "problem": model.problem,
        "scores": ", ".join(f"{name} {value:.3f}" for name, value in model.scores.items()),
        **(_by_section(dict(model.params)) or {"params": "" if model.problem else UNKNOWN}),
    }
    for name, text in rows.items():
        if text:
            lines.append(fill(f"  {name:<14}{text}", WIDTH, subsequent_indent=" " * 16, break_long_words=False))
    return "\n".join(lines)


def _by_section(params: dict[str, Any]) -> dict[str, str]:
    """{"threads": 2, "train": {"seed": 0}} to {"params": "threads 2", "train": "seed 0"}."""
    sections: dict[str, list[str]] = {}
    for name, value in _flat(params).items():
        section, dot, key = name.partition(".")
        sections.setdefault(section if dot else "params", []).append(f"{key or name} {value}")
    return {section: ", ".join(settings) for section, settings in sections.items()}


def _flat(params: dict[str, Any], before: str = "") -> dict[str, Any]:
    """{"train": {"seed": 0}} to {"train.seed": 0}."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return flat


COMMANDS = [models, index]
