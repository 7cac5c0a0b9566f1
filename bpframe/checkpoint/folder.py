"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bpframe.errors import CheckpointError
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["check_destination", "free_folder", "new_folder", "resolved"]


def resolved(folder: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a folder, with ~ expanded and symbolic links followed."""
    try:
        return Path(folder).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
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
    try:
        Path(tempfile.mkdtemp(prefix=".bpframe-", dir=parent)).rmdir()
    except OSError as error:
        error.filename = parent  # the trial's own name means nothing to anybody
        raise _unwritable(target, error) from None


@contextmanager
def new_folder(target: Path, overwrite: bool, files: Iterable[str]) -> Iterator[Path]:
    """Yield an empty folder beside `target` that takes its place when the block ends without an error.

    Everything is on the disk before it takes the name. A folder that is overwritten keeps its name until then; it is
    put aside as `.name.before-...` for the moment between two renamings, and comes back where the second fails.

    Errors: CheckpointError (`target` exists, or cannot be written).
    """
    _require_free(target, overwrite, files)
    draft = target.with_name(f".{target.name}.draft-{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        try:
            yield draft
            for file in draft.iterdir():
                _flush(file)
            _flush(draft)
            _require_free(target, overwrite, files)
            _take_place(draft, target)
            _flush(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise _unwritable(target, error) from error


def _take_place(draft: Path, target: Path) -> None:
    if not os.path.lexists(target):
        draft.rename(target)
        return
    before = target.with_name(f".{target.name}.before-{secrets.token_hex(4)}")
    target.rename(before)
    try:
        draft.rename(target)
    except BaseException:
        before.rename(target)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _require_free(target: Path, overwrite: bool, files: Iterable[str]) -> None:
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
        raise _unwritable(target, error) from None
    if strange:
        raise CheckpointError(
            f"{target} is not overwritten, because it holds more than a saved run",
            expected="no files but " + ", ".join(files),
            received=", ".join(strange[:5]) + (", ..." if len(strange) > 5 else ""),
            hint="choose another name",
        )


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk; not every system can open a folder."""
    try:
        number = os.open(path, os.O_RDONLY)
    except PermissionError:
        if path.is_dir():
            return
        raise
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unwritable(target: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"the folder {target} cannot be written",
        expected="a place where folders can be made",
        received=f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""),
        hint="choose another place",
    )
