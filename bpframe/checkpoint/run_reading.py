"""What a run's folder holds, and which of its checkpoints stands for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bpframe.checkpoint.array_file import damaged
from bpframe.checkpoint.content import SPEC, Checkpoint
from bpframe.checkpoint.folder import resolved
from bpframe.checkpoint.locking import lock_of, locked
from bpframe.checkpoint.reading import read_checkpoint, read_history
from bpframe.checkpoint.store import CheckpointStore
from bpframe.core.component import Component
from bpframe.errors import CheckpointError
from bpframe.machine.opening import text_of
from bpframe.training.history import EpochRecord, History

__all__ = [
    "CHECKPOINTS",
    "ENVIRONMENT",
    "LINES",
    "LOG",
    "is_run",
    "is_trained_now",
    "read_run",
    "recorded_environment",
    "run_history",
]

ENVIRONMENT, LINES, LOG, CHECKPOINTS = "environment.json", "history.jsonl", "log.txt", "checkpoints"


def is_run(folder: Path) -> bool:
    """Return whether a folder is that of a run, which has checkpoints in a folder of its own."""
    return (folder / CHECKPOINTS).is_dir() or (folder / LINES).is_file()


def read_run(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> tuple[Path, Checkpoint]:
    """Return the newest whole checkpoint of a run's folder, or the one that a checkpoint's folder is, and where it is.

    `components` are the classes that no installed plugin set provides.

    Errors: CheckpointError (there is none; see `read_checkpoint`).
    """
    path = resolved(folder)
    if not is_run(path):
        return path, read_checkpoint(folder, components)
    store = CheckpointStore(path / CHECKPOINTS)
    try:
        found = store.newest(components)
    except CheckpointError as error:
        if not store.all():
            raise CheckpointError(
                f"the run {path} has no checkpoint yet",
                expected="a training that has come to its first one",
                hint=f"{LOG} there says how far it is; or begin anew: bpframe train {path / SPEC} --output NEW",
            ) from None
        raise error
    return found.path, found.checkpoint


def recorded_environment(folder: Path) -> dict[str, Any]:
    """Return what a training began with, as `environment` tells it; empty where nothing readable does."""
    try:
        found = json.loads(text_of(folder / ENVIRONMENT, CheckpointError, 2**20))
    except (CheckpointError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def run_history(folder: Path) -> History:
    """Return what happened in a run, read without its arrays: every epoch so far, and how its last checkpoint ended.

    Files that have digests are held against them.

    Errors: CheckpointError (a file is missing, damaged, or was changed).
    """
    if not is_run(folder):
        return read_history(folder) or History()
    text = text_of(folder / LINES, CheckpointError)
    records = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):  # a last line without its end was cut off
        try:
            records.append(EpochRecord.model_validate_json(line))
        except ValidationError:
            raise damaged(folder / LINES, f"line {number} is no record of an epoch") from None
    found = History(epochs=records, stopped="unfinished")
    for place in reversed(CheckpointStore(folder / CHECKPOINTS).all().values()):
        kept = read_history(place)
        if kept is not None:
            return found.model_copy(update={name: getattr(kept, name) for name in ("stopped", "steps", "directions")})
        break
    return found


def is_trained_now(folder: Path) -> bool:
    """Return whether a process trains in a run's folder, or writes it."""
    if not os.path.lexists(lock_of(folder)):
        return False
    try:
        with locked(resolved(folder), wait=0):
            return False
    except CheckpointError:
        return True
