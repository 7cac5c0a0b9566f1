"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bpframe.checkpoint.locking import locked
from bpframe.checkpoint.sweeping import BEFORE, DRAFT, name_beside, remove, sweep
from bpframe.checkpoint.unwritable import unwritable
from bpframe.errors import CheckpointError
from bpframe.machine.exchange import exchange
from bpframe.machine.flushing import flush, remove_empty
from bpframe.machine.logs import logger_of
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["check_destination", "free_folder", "new_folder", "resolved"]

_LOG = logger_of(__name__)


def resolved(folder: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a folder, with ~ expanded and symbolic links followed."""
    try:
        return Path(folder).expanduser().resolve()
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{str(folder)!r} is no usable path", received=str(error)) from None


def free_folder(wanted: Path) -> Path:
    """Return `wanted` where nothing has this name, else the first free one of `wanted-2`, `wanted-3`, ..."""
    number, free = 2, wanted
    while os.path.lexists(free):
        free = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return free


def check_destination(folder: str | os.PathLike[str]) -> None:
    """Find out before long work whether a folder can be written, leaving no trace.

    Errors: CheckpointError (something has this name, or no folder can be made there).
    """
    target = resolved(folder)
    _require_free(target, overwrite=False, files=())
    parent = target.parent
    while not os.path.lexists(parent):
        parent = parent.parent
    # A process that is killed here leaves an empty draft, which the next save there removes; so may one that saves now.
    trial = name_beside(parent / target.name, DRAFT)
    try:
        trial.mkdir()
        remove_empty([trial])
    except OSError as error:
        error.filename = parent  # the trial's own name means nothing to anybody
        raise unwritable(target, error) from None


@contextmanager
def new_folder(target: Path, overwrite: bool, files: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder beside `target` that takes its place when the block ends without an error.

    Everything is on the disk before it takes the name, and the name is before this returns. A folder that is
    overwritten keeps its name until then and gives it up by one operation of the system; where the disk has none, it
    is put aside as `.name.before-...` for the moment between two renamings. It comes back where anything fails, and is
    removed last. The folder is locked for as long as this takes, and what dead writers left beside it is removed.

    Errors: CheckpointError (`target` exists, is being written by another, or cannot be written).
    """
    _require_free(target, overwrite, files)
    with locked(target) as real:
        if real:
            sweep(target, files)
        draft = name_beside(target, DRAFT)
        try:
            try:
                draft.mkdir()
                yield draft
                for file in draft.iterdir():
                    flush(file)
                flush(draft)
                _require_free(target, overwrite, files)
                change_back = _take_place(draft, target)
            except BaseException:
                remove(draft)
                raise
            try:
                flush(target.parent)
            except BaseException:
                change_back()  # where that fails too, what had the name before stays beside it until the next save
                remove(draft)
                raise
            remove(draft)
            _LOG.info("written: %s", target)
        except OSError as error:
            raise unwritable(target, error) from error


def _take_place(draft: Path, target: Path) -> Callable[[], object]:
    """Give the target's name to the draft, and what had it the draft's; return what changes that back."""
    if os.path.lexists(target):
        _exchange(draft, target)
        return partial(_exchange, draft, target)
    draft.rename(target)
    return partial(target.rename, draft)


def _exchange(draft: Path, target: Path) -> None:
    if exchange(draft, target):
        return
    before, placed = name_beside(target, BEFORE), False
    target.rename(before)
    try:
        draft.rename(target)
        placed = True
        before.rename(draft)
    except BaseException:
        if placed:
            target.rename(draft)
        before.rename(target)
        raise


def _require_free(target: Path, overwrite: bool, files: Collection[str]) -> None:
    try:
        overwrite = checked_truth("overwrite", overwrite)
        if not os.path.lexists(target):
            return
        if not target.is_dir():
            raise CheckpointError(f"{target} exists, and is no folder", hint="choose another name")
        if not overwrite:
            raise CheckpointError(
                f"the folder {target} exists", expected="a new folder", hint="choose another name, or remove it"
            )
        strange = sorted({each.name for each in target.iterdir()} - set(files))
    except OSError as error:
        raise unwritable(target, error) from error
    if strange:
        raise CheckpointError(
            f"{target} is not overwritten, because it holds more than a saved run",
            expected="no files but " + ", ".join(files),
            received=", ".join(strange[:5]) + (", ..." if len(strange) > 5 else ""),
            hint="choose another name",
        )
