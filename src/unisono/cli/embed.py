"""Embed audio files, and name what is in them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import unisono
from unisono.cli.output import Json, show
from unisono.errors import UserError

TRAINED = Path("data/models/trained")
Named = Annotated[list[Path], typer.Argument(metavar="AUDIO", help="Audio files, folders, M3U playlists.")]


def embed(
    audio: Named,
    out: Annotated[Path, typer.Option("-o", "--out", help="The Parquet file to write.")],
    windows: Annotated[bool, typer.Option("--windows", help="A row every few seconds, not one a track.")] = False,
    with_map: Annotated[bool, typer.Option("--map", help="Columns x and y as well: places on a map.")] = False,
    model: Annotated[
        Path | None, typer.Option(help="An encoder's folder; by default data/models/trained, or the package's.")
    ] = None,
) -> None:
    """Write the vectors of audio files into a Parquet file: columns path and vector, with --map x and y.

    Any sample rate and number of channels. Files that cannot be used are named and skipped; the exit status is then 1.
    What was interrupted goes on when the same command runs again.
    """
    from tqdm import tqdm

    from unisono.corpora.audio_files import find_audio
    from unisono.embeddings.files import embed_to_parquet
    from unisono.embeddings.layout import layout

    if out.suffix != ".parquet":
        raise UserError(f"{out}: is to be a Parquet file; call it {out.with_suffix('.parquet').name}")
    encoder, files = unisono.load(_encoder(model)), find_audio(audio)
    try:
        rejected = embed_to_parquet(
            encoder,
            files,
            out,
            windows=windows,
            say=lambda line: tqdm.write(line, file=sys.stderr),
            layout=layout if with_map else None,
        )
    except KeyboardInterrupt:
        print(f"\n{out} is not finished; the same command goes on from here", file=sys.stderr)
        raise
    _end(rejected, len(files))


def tag(
    audio: Named,
    k: Annotated[int, typer.Option("-k", min=1, help="How many tags a file.")] = 10,
    model: Annotated[Path, typer.Option(help="A model that learned from tags.")] = Path("data/models/finetuned"),
    json: Json = False,
) -> None:
    """Name the most probable tags of audio files, with their probabilities.

    Files that cannot be used are named and skipped; the exit status is then 1.
    """
    import pandas as pd

    from unisono.audio.rejects import RejectError
    from unisono.corpora.audio_files import find_audio
    from unisono.embeddings.files import reject_line

    encoder, files = unisono.load(model), find_audio(audio)
    k = min(k, len(encoder.tags))  # says before any file is read if there are none
    found, rejected = [], 0
    for file, track in encoder.embed_files(files):
        if isinstance(track, RejectError):
            print(reject_line(file, track), file=sys.stderr)
            rejected += 1
        else:
            found.append(encoder.tags_of(track)[:k].reset_index().assign(path=str(file)))
    if found:
        show(pd.concat(found).set_index("path"), json)
    _end(rejected, len(files))


def _encoder(named: Path | None) -> Path | None:
    """The encoder to embed with: where none is named that of the pipeline which ran here, or else the package's."""
    return named or (TRAINED if TRAINED.exists() else None)


def _end(rejected: int, count: int) -> None:
    """End with status 1 if some files were skipped."""
    if rejected:
        print(f"{rejected} of {count} files were skipped", file=sys.stderr)
        raise typer.Exit(1)


COMMANDS = [embed, tag]
