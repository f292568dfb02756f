"""The command `unisono` and its subcommands, a file for those that belong together.

Modules of this room load typer and nothing slow: what a command needs it imports when it runs, so that --help and
completion answer at once.
"""

import errno
import sys

import typer

from unisono.cli import corpus, embed, explore, find, models, share
from unisono.errors import UserError


def _flush(result: object) -> None:
    """Write all out while typer still sees to pipes that nobody reads any more, as after `| head -1`."""
    sys.stdout.flush()


app = typer.Typer(
    name="unisono",
    help="Embed audio, find what is alike, continue playlists, with an encoder that you trained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    result_callback=_flush,
)
for room in (embed, find, explore, corpus, share, models):
    for command in room.COMMANDS:
        app.command(command.__name__.strip("_").replace("_", "-"))(command)  # continue_, for Python has a continue


def main() -> None:
    """Run the command line.

    A user's mistake and a full disk end with one line on stderr and exit status 1. Typer's own ends: a wrong call 2,
    Ctrl-C 130, and quietly 1 when nobody reads on.
    """
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("error: the disk is full; make room, and run the same command again", file=sys.stderr)
        raise SystemExit(1) from None
