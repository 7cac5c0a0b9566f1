"""How it is told that a folder cannot be written."""

from __future__ import annotations

import errno
from pathlib import Path

from bpframe.errors import CheckpointError

__all__ = ["unwritable"]

_FULL = {errno.ENOSPC, errno.EDQUOT}


def unwritable(target: Path, error: OSError) -> CheckpointError:
    """Return the error for a folder that the operating system refuses to write."""
    full = error.errno in _FULL
    return CheckpointError(
        f"the folder {target} cannot be written",
        expected="room for the folder" if full else "a place where folders can be made",
        received=f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""),
        hint="free some space, or choose another place" if full else "choose another place",
    )
