"""Nothing of a user's is overwritten."""

from pathlib import Path

from unisono.errors import UserError


def refuse_existing(path: Path) -> None:
    """Check that there is nothing at `path`.

    Raises:
        UserError: there is.
    """
    if path.exists():
        raise UserError(f"{path}: exists already, and nothing is overwritten; name another path, or remove it")
