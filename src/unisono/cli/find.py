"""Ask the catalogue: what is like a track, what leads from one to another, what a playlist goes on with."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import unisono
from unisono.cli.output import Json, show

if TYPE_CHECKING:
    import pandas as pd

    from unisono.project.catalogue import OpenCatalogue

K = Annotated[int, typer.Option("-k", help="How many.")]
Together = Annotated[
    float, typer.Option(help="From 0, sounds alike, to 1, appears together: how much genres and playlists count.")
]
Folder = Annotated[Path, typer.Option("--project", help="Where the pipeline ran.")]
Corpus = Annotated[str, typer.Option(help="The corpus to ask, by its name in params.yaml.")]
Out = Annotated[
    Path | None,
    typer.Option("-o", metavar="OUT.m3u8", help="Write the answer as a playlist, too; a file that is there stays."),
]
HERE, CATALOGUE = Path(), "catalogue"


def similar(
    tracks: Annotated[list[str], typer.Argument(metavar="TRACK|FILE", help="Track ids, titles or audio files.")],
    k: K = 10,
    unlike: Annotated[
        list[str] | None, typer.Option(metavar="TRACK|FILE", help="A track to stay away from; may be repeated.")
    ] = None,
    not_same_artist: Annotated[bool, typer.Option("--not-same-artist", help="Leave their artists out.")] = False,
    together: Together = 1.0,
    out: Out = None,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Find the tracks that are most like one track, or like several at once.

    Files need not be of the catalogue: those from elsewhere are embedded.
    """
    catalogue = unisono.open_catalogue(project, corpus)
    answer = catalogue.similar(tracks, k, unlike=unlike or (), together=together, same_artist=not not_same_artist)
    _give(catalogue, answer, json, out)


def artists(
    artist: Annotated[str, typer.Argument(help="Whose like to find.")],
    k: K = 10,
    together: Together = 1.0,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Find the artists who are most like one, by the mean of their tracks, each with the track to start with."""
    show(unisono.open_catalogue(project, corpus).similar_artists(artist, k, together=together), json)


def path(
    start: Annotated[str, typer.Argument(metavar="FROM", help="A track's id, title or audio file.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="Another's.")],
    k: K = 10,
    out: Out = None,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Find tracks that lead from one track to another, step by step."""
    catalogue = unisono.open_catalogue(project, corpus)
    _give(catalogue, catalogue.path(start, end, k), json, out)


def search(
    words: Annotated[str, typer.Argument(metavar='"GENRE, WORDS"', help="Genres, and words of playlists.")],
    k: K = 10,
    out: Out = None,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Find the tracks that sound like genres, whether they are labelled with them or not.

    A model that learned with words (loss.lambda_a2t) knows those of playlists' titles and tags, too.
    """
    catalogue = unisono.open_catalogue(project, corpus)
    answer = catalogue.search(words, k)
    for kind, names in answer.attrs.items():
        if names:
            print(f"{kind}: {', '.join(names)}", file=sys.stderr)
    _give(catalogue, answer, json, out)


def continue_(
    playlist: Annotated[
        Path, typer.Argument(metavar="PLAYLIST.m3u8", help="An M3U playlist.", exists=True, dir_okay=False)
    ],
    k: K = 100,
    together: Together = 1.0,
    out: Out = None,
    project: Folder = HERE,
    corpus: Corpus = CATALOGUE,
    json: Json = False,
) -> None:
    """Continue a playlist with the tracks that go best with what it has.

    Its files need not be of the catalogue: those from elsewhere are embedded.
    """
    from unisono.corpora.own.m3u import read_m3u

    entries = read_m3u(playlist)
    files = [entry for entry in entries if os.path.isfile(entry)]  # noqa: PTH113 (Path.is_file raises for some names)
    if missing := len(entries) - len(files):
        print(f"{playlist}: {missing} of its {len(entries)} entries are no files here; left out", file=sys.stderr)
    catalogue = unisono.open_catalogue(project, corpus)
    _give(catalogue, catalogue.continue_playlist(files, k, together=together), json, out)


def _give(catalogue: "OpenCatalogue", answer: "pd.DataFrame", as_json: bool, out: Path | None) -> None:
    """Show the tracks of an answer, and write them as a playlist where one is asked for."""
    show(answer, as_json)
    if out is None:
        return
    from unisono.project.m3u import write_m3u

    write_m3u(out, catalogue.playlist_of(answer.index))
    print(f"{out}: {len(answer)} tracks", file=sys.stderr)


COMMANDS = [similar, artists, path, search, continue_]
