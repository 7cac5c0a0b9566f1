"""What is saved while calls fail and processes are killed, and what has to hold afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import Dropout

import bpframe as bp
import bpframe.checkpoint.folder
from bpframe.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from bpframe.checkpoint.store import CheckpointStore
from bpframe.errors import CheckpointError

Content = dict[str, bytes]

#: How an attempt ended, as the exit status of its process; a negative one is the signal that killed it.
SAVED, REFUSED, BROKEN = 0, 3, 4


def trained(seed: int) -> Checkpoint:
    """A checkpoint with every kind of file: history, the optimizer's state, random streams."""
    net = bp.Network(
        [Dense(units=3), Sigmoid(), Dropout(rate=0.2), Dense(units=1)],
        input_shape=(2,),
        cost=QuadraticCost(),
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    net.fit(rng.normal(size=(8, 2)), rng.normal(size=(8, 1)), epochs=2, batch_size=4, optimizer=Adam(), progress=False)
    return net.checkpoint()


def network(value: float) -> bp.Network:
    """A small one, all of whose parameters have one value, so that a mixture of two is seen."""
    net = bp.Network([Dense(units=3)], input_shape=(2,), cost=QuadraticCost())
    net.parameters.vector[:] = value
    return net


def content_of(folder: Path) -> Content:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


class Wrong(Exception):
    """Something that must hold does not."""


def require(condition: object, *told: object) -> None:
    if not condition:
        raise Wrong(" ".join(map(str, told)))


@dataclass
class Scenario:
    """A folder `base` with what was saved before, a save that may be hit, and what may be found after it."""

    base: Path
    old: Checkpoint
    new: Checkpoint

    def __post_init__(self) -> None:
        self.before, self.after = (
            content_of(write_checkpoint(each, self.base.with_name(f"{self.base.name}-kept") / name))
            for name, each in (("old", self.old), ("new", self.new))
        )

    @property
    def target(self) -> Path:
        return self.base / "run"

    def reset(self) -> None:
        shutil.rmtree(self.base, ignore_errors=True)
        self.base.mkdir()
        self.begin()

    def begin(self) -> None:
        self._put(self.target, self.before)

    def _put(self, folder: Path, content: Content) -> None:
        folder.mkdir()
        for name, each in content.items():
            (folder / name).write_bytes(each)

    def save(self) -> None:
        write_checkpoint(self.new, self.target, overwrite=True)

    def found(self) -> str:
        """Return what is there, "old" or "new", and require that it loads."""
        loaded = read_checkpoint(self.target)
        kind = {True: "new", False: "old"}[np.array_equal(vector_of(loaded), vector_of(self.new))]
        content = content_of(self.target) if self.target.exists() else None
        require(content in ({"old": self.before, "new": self.after}[kind], None), "other bytes than were saved")
        return kind

    def orphans(self) -> list[str]:
        return [name for name in names(self.base) if name != "run"]

    def check(self, outcome: int, clean: bool = True) -> str:
        """Require of what an attempt left that it is whole, what was told, and (`clean`) alone."""
        require(outcome < 0 or outcome in (SAVED, REFUSED), "the attempt ended with", outcome)
        kind = self.found()
        if outcome == REFUSED and kind == "new" and not clean:
            # The disk refused to change the names back: then the run before is kept beside.
            beside = [content_of(self.target.parent / each) for each in self.orphans() if "-lock" not in each]
            require(type(self) is Fresh or self.before in beside, "the run before is gone")
        else:
            require(outcome < 0 or kind == {SAVED: "new", REFUSED: "old"}[outcome], "told", outcome, "and found", kind)
        if clean and outcome >= 0:
            require(not self.orphans(), "left behind:", self.orphans())
        # The next save finds everything in order, and leaves it so.
        self.save()
        require(self.found() == "new" and not self.orphans(), "after the next save:", self.orphans())
        return kind


class Fresh(Scenario):
    """Nothing was there, and the folders above have to be made."""

    @property
    def target(self) -> Path:
        return self.base / "a" / "b" / "run"

    def begin(self) -> None:
        pass

    def found(self) -> str:
        return super().found() if self.target.exists() else "old"

    def orphans(self) -> list[str]:
        if self.target.exists():
            return [name for name in names(self.target.parent) if name != "run"]
        return names(self.base)


class WithoutExchange(Scenario):
    """A disk that cannot exchange two names, as NFS and Windows."""

    def save(self) -> None:
        with mock.patch.object(bpframe.checkpoint.folder, "exchange", return_value=False):
            super().save()


class Store(Scenario):
    """The last one and the best one of a training, both replaced."""

    @property
    def target(self) -> Path:
        return max(CheckpointStore(self.base).all().values(), default=self.base / "none")

    def begin(self) -> None:
        self._put(self.base / "00000001", self.before)
        self._put(self.base / "best", self.before)

    def save(self) -> None:
        CheckpointStore(self.base, keep_last=1).write(self.new, 2, best=True)

    def found(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            newest = CheckpointStore(self.base).newest()
        kind = {1: "old", 2: "new"}[newest.step]
        require(content_of(newest.path) == {"old": self.before, "new": self.after}[kind], "other bytes")
        read_checkpoint(self.base / "best")
        require(content_of(self.base / "best") in (self.before, self.after), "other bytes of the best")
        return kind

    def orphans(self) -> list[str]:
        return [name for name in names(self.base) if name not in ("00000001", "00000002", "best")]

    def check(self, outcome: int, clean: bool = True) -> str:
        if outcome == REFUSED:
            # The checkpoint may be there, and the best one refused: then it was not told that all was kept.
            outcome = {"old": REFUSED, "new": SAVED}[self.found()]
        kind = super().check(outcome, clean)
        require(names(self.base) == ["00000002", "best"], "in the store:", names(self.base))
        return kind


SCENARIOS: dict[str, type[Scenario]] = {
    "overwriting": Scenario,
    "a new folder": Fresh,
    "without exchange": WithoutExchange,
    "a store": Store,
}


class Tally:
    """How many attempts ended how, and what was wrong after them."""

    def __init__(self) -> None:
        self.ended = dict.fromkeys(("saved", "refused", "killed"), 0)
        self.wrong: list[str] = []

    def add(self, what: str, scenario: Scenario, outcome: int, clean: bool = True) -> None:
        self.ended["killed" if outcome < 0 else "saved" if outcome == SAVED else "refused"] += 1
        try:
            scenario.check(outcome, clean)
        except Exception as error:
            self.wrong.append(f"{what}, ended with {outcome}: {type(error).__name__}: {error}")

    def told(self) -> dict[str, object]:
        return {**self.ended, "wrong": self.wrong}


def vector_of(checkpoint: Checkpoint) -> np.ndarray:
    return np.concatenate([np.ravel(array) for _, array in sorted(checkpoint.parameters.items())])


def attempt(action: Callable[[], None]) -> int:
    """Fork, and return how the action ended there."""
    child = os.fork()
    if not child:
        os._exit(ending(action))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ending(action: Callable[[], None]) -> int:
    try:
        action()
    except CheckpointError:
        return REFUSED
    except BaseException:
        import traceback

        traceback.print_exc(file=sys.stderr)
        return BROKEN
    return SAVED
