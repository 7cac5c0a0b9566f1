"""A run's folder: written while its training goes on, so that however it ends the last checkpoint is there.

spec.yaml  environment.json  history.jsonl  log.txt  checkpoints/00000123/  checkpoints/best/  report.html
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bpframe.checkpoint.best_so_far import BestSoFar
from bpframe.checkpoint.content import FILES, SPEC, Checkpoint
from bpframe.checkpoint.environment import environment
from bpframe.checkpoint.folder import check_destination, resolved
from bpframe.checkpoint.growing_file import GrowingFile
from bpframe.checkpoint.locking import locked
from bpframe.checkpoint.next_place import disk_refuses, write_somewhere
from bpframe.checkpoint.run_reading import CHECKPOINTS, ENVIRONMENT, LINES, LOG, is_run, recorded_environment
from bpframe.checkpoint.store import CheckpointStore
from bpframe.checkpoint.sweeping import sweep
from bpframe.checkpoint.unwritable import unwritable
from bpframe.checkpoint.writing import registry_of, tell_plugins, warn_of_local, write_checkpoint
from bpframe.data import DataSpec
from bpframe.documents import spec_document
from bpframe.documents.text import dump_text, parse_text
from bpframe.errors import BpframeError, CheckpointError, NonFiniteError
from bpframe.machine.background import Background
from bpframe.machine.interruption import interruptible
from bpframe.machine.opening import text_of
from bpframe.machine.whole_file import remove_drafts, whole_file
from bpframe.plugins import Registry
from bpframe.training.history import EpochRecord, History
from bpframe.training.intervals import Interval
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState

__all__ = ["RunFolder", "kept_run"]

#: What numbers depend on, of an environment.
_DECISIVE = ("bpframe", "numpy", "plugins", "processor")

#: Seconds that a training waits for another one in the same folder.
WAIT = 5.0


class Trained(Protocol):
    """What is asked of a network whose training is kept."""

    history: History | None

    def checkpoint(self, *, data: DataSpec | None = None) -> Checkpoint:
        """Return all that a checkpoint holds."""


class RunFolder:
    """Keeps a network's training in a folder: the `Keeper` of a run.

    The folder appears with the first step. A line of the history is written after every epoch, a checkpoint as often as
    the training's spec says, and at the end. A disk that refuses one is warned of, and the training goes on: the next
    may find room again. Where even the last finds none, it goes to the user's cache folder. `data` says where the
    examples are, its paths from `base` on. `past` is how many epochs the network has had before this training; one that
    goes on (`resumed`) has had others since, and its folder is there.
    """

    def __init__(
        self,
        folder: Path,
        network: Trained,
        spec: TrainingSpec,
        data: tuple[DataSpec, Path] | None,
        past: int,
        resumed: bool,
    ) -> None:
        self.folder = folder
        #: Where the last checkpoint is, None before there is one.
        self.kept: Path | None = None
        self._network, self._data, self._past, self._resumed = network, data, past, resumed
        # The same value for all checkpoints, whose place is equally deep.
        self._moved = self._data_from(folder / CHECKPOINTS / "0")
        self._before, self._begun, self._lost = network.history, False, False
        self._store = CheckpointStore(folder / CHECKPOINTS, keep_last=spec.keep_last)
        self._interval = Interval(spec.checkpoint_every)
        self._log, self._lines = GrowingFile(folder / LOG), GrowingFile(folder / LINES)
        self._known = [] if network.history is None else network.history.epochs[past:]
        self._recorded, self._is_best = 0, False
        self._best = BestSoFar(spec.keep_best, self._known if resumed else ())
        self._refused: BpframeError | None = None
        self._writing: tuple[int, bool, Background[Path]] | None = None
        self._took = 0.0

    def due(self, step: int, epoch_ends: bool) -> bool:
        """Whether the training is kept now; at the end of an epoch its line of the history is written."""
        if not self._begun:
            self._begin()
        if epoch_ends:
            self._record()
        return self._is_best or self._interval.due(step, self._recorded, epoch_ends)

    def keep(self, state: TrainingState) -> None:
        """Begin to write a checkpoint of what there is now, once the one before is written.

        Errors: CheckpointError (what was to be kept before cannot be, for another reason than the disk).
        """
        self._record()
        self.settle()
        best, self._is_best = self._is_best, False
        saved, step = self._network.checkpoint(data=self._moved).snapshot(), state.steps
        write = partial(self._store.write, saved, step, best)
        self._interval.kept(self._took)
        self._writing = step, best, Background(write)

    def settle(self) -> Path | None:
        """Wait until what was kept last is on the disk, and return its folder; None where the disk has refused it.

        Errors: as `keep`.
        """
        if self._writing is None:
            return self.kept if self._refused is None else None
        (step, best, writing), self._writing = self._writing, None
        try:
            self.kept = writing.result()
        except CheckpointError as error:
            if not disk_refuses(error):
                raise
            if self._refused is None:
                warnings.warn(f"no checkpoint could be written, and the training goes on: {error}", stacklevel=2)
            self.log(f"step {step}: no checkpoint could be written: {error.received}")
            self._refused = error
            return None
        finally:
            self._took = writing.seconds
        self._refused = None
        self.log(f"step {step}: kept as {self.kept.relative_to(self.folder)}{', the best so far' * best}")
        tell_plugins(self.kept)
        return self.kept

    def log(self, text: str) -> None:
        """Add a line to log.txt, with the time."""
        self._log.append(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}")

    def finish(self, error: BaseException | None) -> None:
        """Write what is not written yet, and say where the last checkpoint is: in the error, where there is one.

        Errors: CheckpointError (no place takes the last checkpoint).
        """
        history = self._network.history
        if self._lost or history is None or (history is self._before and not self._begun):
            return  # there is no folder of ours, or the training was refused before it began
        self._record()
        self.settle()
        kept = list(self._store.all().values())
        # One that was cut off in the middle of a step is no state to keep.
        if (self._refused is not None or not kept) and (error is None or isinstance(error, Exception)):
            wanted = self.folder / CHECKPOINTS / f"{history.steps:08d}"
            self.kept = write_somewhere(lambda place: write_checkpoint(self._checkpoint(place), place, True), wanted)
        elif kept:
            self.kept = kept[-1]
        self.log(f"ended, {history.stopped}")
        finite = f"the last finite parameters are in {self.kept}; their cost may be infinite or NaN"
        told = finite if isinstance(error, NonFiniteError) and not kept else self.told()
        if isinstance(error, BpframeError):
            error.rows = (*error.rows, ("saved", told))
        elif error is not None and not isinstance(error, KeyboardInterrupt):
            error.add_note(told)

    def told(self) -> str:
        """Say where the last checkpoint is."""
        place = self.kept or next(reversed(self._store.all().values()), None)
        return f"the last checkpoint is in {place}" if place else "there was no checkpoint yet"

    def _data_from(self, place: Path) -> DataSpec | None:
        return None if self._data is None else self._data[0].moved(self._data[1], place)

    def _checkpoint(self, place: Path) -> Checkpoint:
        return self._network.checkpoint(data=self._data_from(place))

    def _begin(self) -> None:
        """Make the folder and the files that do not change, or go on with those that are there."""
        self._lost = True
        saved = self._checkpoint(self.folder)
        registry, local = registry_of(saved)
        warn_of_local(local, self.folder, stacklevel=2)
        found = environment(registry)
        try:
            if self._resumed:
                self._check_network(saved, registry)
                self._go_on(found)
            else:
                self.folder.mkdir(parents=True)
            with whole_file(self.folder / SPEC) as file:
                file.write(_spec_text(saved, registry).encode())
            if not self._resumed:
                with whole_file(self.folder / ENVIRONMENT) as file:
                    file.write((json.dumps(found, indent=2) + "\n").encode())
                self._lines.replace([])
        except FileExistsError:
            raise CheckpointError(
                f"the folder {self.folder} exists: it came to be after the training began",
                expected="a new folder",
                hint="choose another name",
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from error
        self._lost, self._begun = False, True
        self.log(f"{'goes on' if self._resumed else 'begins'} in process {os.getpid()} on {found['platform']}")

    def _check_network(self, saved: Checkpoint, registry: Registry) -> None:
        """Refuse the folder of another network's run. Errors: CheckpointError."""
        text = text_of(self.folder / SPEC, CheckpointError)
        before = parse_text(text, ".yaml", str(self.folder / SPEC))
        now = parse_text(_spec_text(saved, registry), ".yaml", SPEC)["network"]
        if not isinstance(before, dict) or before.get("network") != now:
            raise CheckpointError(
                f"the run {self.folder} is one of another network",
                expected="the folder that this training was kept in",
                hint="a new name, resume(..., run='runs/next')",
            )

    def _go_on(self, found: Mapping[str, Any]) -> None:
        """Cut the history's lines back to the checkpoint, and tell of versions that are others than at the begin."""
        self._lines.replace([_line(each) for each in self._known])
        self._recorded = len(self._known)
        before = recorded_environment(self.folder)
        others = [
            f"{name} {before[name]} (now {found[name]})"
            for name in _DECISIVE
            if before.get(name, found[name]) != found[name]
        ]
        if others:
            told = f"the training began with {', '.join(others)}: numbers may differ in their last bits"
            self.log(told)
            warnings.warn(told, stacklevel=2)

    def _record(self) -> None:
        """Write the lines of the epochs that are over, and find out whether the last of them is the best so far."""
        if not self._begun:
            self._begin()
        history = self._network.history
        if history is None:
            return
        for record in history.epochs[self._past + self._recorded :]:
            self._lines.append(_line(record))
            self._recorded += 1
            self._is_best = self._best.takes(record, history)


def _line(record: EpochRecord) -> str:
    return record.model_dump_json(exclude_defaults=True)


def _spec_text(saved: Checkpoint, registry: Registry) -> str:
    return dump_text(spec_document(saved.spec, registry), ".yaml")


@contextmanager
def kept_run(
    folder: str | os.PathLike[str],
    network: Trained,
    spec: TrainingSpec,
    data: tuple[DataSpec, Path] | None = None,
    past: int | None = None,
) -> Iterator[RunFolder]:
    """Yield the keeper of a training in the block, in a new folder.

    `past` is how many epochs came before the training, of one that goes on: it may be in a folder that it was kept in.
    Nobody else trains in the folder meanwhile. Whatever ends the block, the last checkpoint is named.

    Errors: CheckpointError (the folder exists, cannot be written, or another training has it).
    """
    target = resolved(folder)
    with interruptible(), locked(target, WAIT) as alone:
        resumed = past is not None and is_run(target)
        if alone:
            sweep(target, FILES)
            for name in (SPEC, ENVIRONMENT, LINES) if resumed else ():
                remove_drafts(target / name)
        if not resumed:
            check_destination(target)
        run = RunFolder(target, network, spec, data, len(network.history or ()) if past is None else past, resumed)
        try:
            try:
                yield run
            except BaseException as error:
                try:
                    run.finish(error)
                except CheckpointError as other:
                    if isinstance(error, BpframeError):
                        error.rows = (*error.rows, ("then", str(other)))
                raise
            run.finish(None)
        except KeyboardInterrupt as error:
            error.add_note(run.told())
            raise
