"""Uncompressed tars, read in their order: what ends too early or leads outside is told from what can be used."""

import logging
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unisono.errors import UserError

DAMAGED_TAR = (tarfile.TarError, OSError, ValueError)  # ValueError: numbers in a header that are none
MISSING_MEL = "missing mel"

logger = logging.getLogger(__name__)


def tar_members(path: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The open tar and each of its members in order; a tar that ends too early, or is damaged, ends with a warning.

    Raises:
        UserError: the file is not an uncompressed tar.
    """
    try:
        archive = tarfile.open(path, "r:", errors="replace")  # noqa: SIM115 (closed by the `with` below, outside this `try`)
    except DAMAGED_TAR as error:
        raise UserError(f"{path}: not an uncompressed tar ({error}); download it again") from None
    with archive:
        try:
            for member in archive:
                yield archive, member
        except DAMAGED_TAR as error:
            logger.warning("%s: ends too early (%s); its last songs have no mel. Download it again", path, error)


def is_safe(member: tarfile.TarInfo) -> bool:
    """Whether a tar member is an ordinary file that stays inside the tar's folder."""
    name = PurePosixPath(member.name)
    return member.isreg() and not name.is_absolute() and ".." not in name.parts
