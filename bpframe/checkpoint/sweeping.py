"""What writers that were killed have left, and its end.

While a folder `run` is written, its draft lies beside it as `.run.draft-` and eight digits; where a disk cannot
exchange two names, the run before lies there as `.run.before-...` for a moment. Who writes holds the folder's lock:
what lies there while nobody holds it is a dead writer's.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from bpframe.checkpoint.locking import LOCK, locked
from bpframe.errors import CheckpointError

__all__ = ["BEFORE", "DRAFT", "name_beside", "put_aside", "remove", "sweep"]

DRAFT, BEFORE = "draft", "before"

_LEFT = re.compile(rf"\.(?P<name>.+)(?:\.(?:{DRAFT}|{BEFORE})-[0-9a-f]{{8}}|{re.escape(LOCK)})", re.DOTALL)


def name_beside(target: Path, what: str) -> Path:
    """Return a new name beside a folder for its draft, or for what it was before."""
    return target.with_name(f".{target.name}.{what}-{secrets.token_hex(4)}")


def put_aside(target: Path) -> list[Path]:
    """Return what a folder was before, where a writer without exchange has put it aside: the newest first."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.{BEFORE}-[0-9a-f]{{8}}")
    try:
        found = [each for each in target.parent.iterdir() if pattern.fullmatch(each.name)]
        return sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []


def remove(folder: Path) -> None:
    """Remove a folder of ours; what cannot be removed now is swept by the next save."""
    for _ in range(2):
        with contextlib.suppress(OSError):  # what it cannot close is not ignored by it
            shutil.rmtree(folder, ignore_errors=True)


def sweep(target: Path, files: Collection[str]) -> None:
    """Remove what dead writers left beside a folder whose lock is held: of this folder, and of its neighbours.

    A neighbour that is being written is left alone, and so is what holds anything but `files`. A folder that has been
    put aside and nothing else has its name gets it back.
    """
    left: dict[str, list[Path]] = {}
    with contextlib.suppress(OSError):
        for each in target.parent.iterdir():
            if match := _LEFT.fullmatch(each.name):
                left.setdefault(match["name"], []).append(each)
    _clear(target, left.pop(target.name, ()), files)
    for name in left:
        neighbour = target.with_name(name)
        with contextlib.suppress(CheckpointError), locked(neighbour, wait=0) as real:
            # The lock's own file goes with the lock.
            if real:
                _clear(neighbour, left[name], files)


def _clear(target: Path, left: Iterable[Path], files: Collection[str]) -> None:
    for each in left:
        with contextlib.suppress(OSError):
            if each.name.endswith(LOCK) or each.is_symlink() or not {one.name for one in each.iterdir()} <= set(files):
                continue
            if f".{BEFORE}-" in each.name and not os.path.lexists(target):
                each.rename(target)
            else:
                remove(each)
