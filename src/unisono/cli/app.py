"""The command `unisono` and its subcommands, a file for those that belong together.

Modules of this room load typer and nothing slow: what a command needs it imports when it runs, so that --help and
completion answer at once.
"""

import sys

import typer

from unisono.cli import embed, find, models
from unisono.errors import UserError

app = typer.Typer(
    name="unisono",
    help="Embed audio, find what is alike, continue playlists, with an encoder that you trained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for room in (embed, find, models):
    for command in room.COMMANDS:
        app.command()(command)


def main() -> None:
    """Run the command line; a user's mistake ends with one line on stderr and exit status 1, Ctrl-C with 130."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        raise SystemExit(130) from None
