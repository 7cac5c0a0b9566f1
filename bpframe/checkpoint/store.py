"""The checkpoints of one training, in a folder: one folder each, named by its step."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bpframe.checkpoint.content import FILES, Checkpoint
from bpframe.checkpoint.folder import new_folder, resolved
from bpframe.checkpoint.reading import read_checkpoint
from bpframe.checkpoint.sweeping import DRAFT, name_beside, put_aside, remove
from bpframe.checkpoint.writing import write_checkpoint
from bpframe.core.component import Component
from bpframe.errors import CheckpointError
from bpframe.machine.logs import logger_of

__all__ = ["BEST", "CheckpointStore", "StoredCheckpoint"]

_LOG = logger_of(__name__)

#: The name of the best checkpoint's folder, beside those with numbers.
BEST = "best"

#: A step's folder; in a moment of a disk that cannot exchange two names, it is put aside under the second form.
_STEP = re.compile(r"([0-9]{8}|[1-9][0-9]{8,})|\.([0-9]{8,})\.before-[0-9a-f]{8}")


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint that was read, with its step and its folder."""

    step: int
    path: Path
    checkpoint: Checkpoint


class CheckpointStore:
    """Checkpoints in a folder, `00000123` after 123 steps, of which the last `keep_last` stay; None keeps all.

    Each is whole or not there: it takes its name by one renaming, once it is on the disk. `best` is one more, apart
    from the last ones. Older ones go when the new one is durable, never before.
    """

    def __init__(self, folder: str | os.PathLike[str], keep_last: int | None = None) -> None:
        self.folder = resolved(folder)
        self.keep_last = keep_last

    def write(self, checkpoint: Checkpoint, step: int, best: bool = False) -> Path:
        """Write a checkpoint and return its folder; it is durable then. One of the same step is replaced.

        With `best` it is the best one too, and that first: where the process is killed between the two, a training goes
        on from the step before, and comes to the best again; the other way round it would be forgotten.

        Errors: CheckpointError (it cannot be written; those before stay, of which the best may be the new one).
        """
        target = self._at(step)
        write_checkpoint(checkpoint, self.folder / BEST if best else target, overwrite=True, tells=False)
        if best:
            self._take_best(target)
        self._prune(step)
        return target

    def all(self) -> dict[int, Path]:
        """Return the folders of checkpoints by their steps, in ascending order."""
        try:
            found = [_STEP.fullmatch(each.name) for each in self.folder.iterdir()]
        except OSError:
            return {}
        return {step: self._at(step) for step in sorted({int(each[1] or each[2]) for each in found if each})}

    def best(self) -> Path | None:
        """Return the folder of the best checkpoint, None where there is none."""
        found = self.folder / BEST
        return found if found.is_dir() or put_aside(found) else None

    def newest(self, components: Iterable[type[Component]] = ()) -> StoredCheckpoint:
        """Return the last checkpoint that is whole; a warning tells of later ones that are not.

        One that vanishes while it is read, since its writer keeps only the last, makes it look again.

        Errors: CheckpointError (there is none, or none can be read: that of the last one).
        """
        classes, first, tried = tuple(components), None, set[int]()
        while steps := [step for step in self.all() if step not in tried]:
            step = steps[-1]
            path = self._at(step)
            try:
                found = StoredCheckpoint(step, path, read_checkpoint(path, classes))
            except CheckpointError as error:
                if step in self.all():  # else it vanished, and there are later ones
                    first = first or error
                    tried.add(step)
                continue
            if first is not None:
                _LOG.warning("%s: taking the checkpoint before it, %s", first.problem, path)
                warnings.warn(f"{first.problem}: the checkpoint before it is taken, {path}", stacklevel=2)
            return found
        raise first or CheckpointError(
            f"there is no checkpoint in {self.folder}", expected="a folder with eight digits, such as 00000123"
        )

    def _take_best(self, target: Path) -> None:
        """Make a folder with links to the files of the best one, or copies where a disk has no links."""
        with new_folder(target, True, FILES) as draft:
            for each in (self.folder / BEST).iterdir():
                try:
                    os.link(each, draft / each.name)
                except OSError:
                    shutil.copyfile(each, draft / each.name)

    def _at(self, step: int) -> Path:
        return self.folder / f"{step:08d}"

    def _prune(self, newest: int) -> None:
        """Remove all but the last ones up to the one just written; later ones may be damaged, and count for nothing."""
        if self.keep_last is None:
            return
        for step in [step for step in self.all() if step <= newest][: -self.keep_last]:
            path = self._at(step)
            # Under another name first: what is half removed is no checkpoint. The sweep knows that name.
            going = name_beside(path, DRAFT)
            with contextlib.suppress(OSError):
                path.rename(going)
                remove(going)
