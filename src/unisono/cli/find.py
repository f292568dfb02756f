"""Ask the catalogue: what is like a track, what leads from one to another, what a playlist goes on with."""

from pathlib import Path
from typing import Annotated

import typer

import unisono
from unisono.cli.output import Json, show

K = Annotated[int, typer.Option("-k", help="How many.")]
Together = Annotated[
    float, typer.Option(help="From 0, sounds alike, to 1, appears together: how much genres and playlists count.")
]
Folder = Annotated[Path, typer.Option("--project", help="Where the pipeline ran.")]
Corpus = Annotated[str, typer.Option(help="The corpus to ask, by its name in params.yaml.")]
HERE, CATALOGUE = Path(), "catalogue"


def similar(
    tracks: Annotated[list[str], typer.Argument(metavar="TRACK|FILE...", help="Track ids, titles or audio files.")],
    k: K = 10,
    unlike: Annotated[list[str] | None, typer.Option(help="A track to stay away from; may be repeated.")] = None,
    not_same_artist: Annotated[bool, typer.Option("--not-same-artist", help="Leave their artists out.")] = False,
    together: Together = 1.0,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Find the tracks that are most like one track, or like several at once."""
    catalogue = unisono.open_catalogue(project, corpus)
    answer = catalogue.similar(tracks, k, unlike=unlike or (), together=together, same_artist=not not_same_artist)
    show(answer, json)


COMMANDS = [similar]
