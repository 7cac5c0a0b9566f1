"""Where a checkpoint goes that its own folder does not take, so that a training is not lost at its end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from bpframe.checkpoint.folder import free_folder
from bpframe.errors import CheckpointError
from bpframe.machine.cache import cache_folder
from bpframe.machine.logs import logger_of

__all__ = ["disk_refuses", "write_somewhere"]

_LOG = logger_of(__name__)


def disk_refuses(error: BaseException) -> bool:
    """Whether a checkpoint could not be written because of the disk: it is full, broken, gone or read-only."""
    return isinstance(error, CheckpointError) and isinstance(error.__cause__, OSError)


def write_somewhere(write: Callable[[Path], Path], folder: Path) -> Path:
    """Return where `write(folder)` has written; where the disk refuses, it is a free folder in the user's cache folder.

    A warning says so then.

    Errors: CheckpointError (both places refuse: it says how to save from Python; or what `write` refuses itself).
    """
    try:
        return write(folder)
    except CheckpointError as error:
        if not disk_refuses(error):
            raise
        refused = error
    kept = cache_folder()
    if kept is not None:
        try:
            found = write(free_folder(kept / "saved" / f"{folder.parent.parent.name or 'run'}-{folder.name}"))
        except CheckpointError as error:
            if not disk_refuses(error):
                raise
        else:
            _LOG.warning("%s: kept in %s", refused.problem, found)
            warnings.warn(f"{refused.problem} ({refused.received}): what was to be kept is in {found}", stacklevel=3)
            return found
    raise CheckpointError(
        refused.problem,
        expected=refused.expected,
        received=refused.received,
        hint="the network is still in memory where Python is: net.save(folder) on a disk that has room",
    ) from refused.__cause__
