"""Which thread may do what with a network? Whoever runs passes takes a lane, so that no two threads share arrays."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar
from weakref import WeakSet, ref

from bpframe.errors import ConcurrencyError

__all__ = ["Gate", "Lane", "Lanes"]

T = TypeVar("T")
G = TypeVar("G")

#: How many things a lane keeps: so many whatever their size, and more while they are small together.
KEPT = 4
KEPT_SMALL = 256
KEPT_NUMBERS = 1 << 22


class Lane(Generic[G]):
    """What one thread at a time works with: a gradient, and what is kept of earlier passes and used again.

    `gradient` is where passes write theirs; the next one overwrites it.
    """

    def __init__(self, gradient: G) -> None:
        self.owner: int | None = None
        self.gradient = gradient
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._numbers = 0

    def kept(self, key: Hashable) -> Any:
        """Return what was kept under a key, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, made: T, numbers: int) -> T:
        """Keep something that holds about so many numbers, and let go of what was used longest ago."""
        self._kept[key] = made, numbers
        self._numbers += numbers
        while len(self._kept) > KEPT and (self._numbers > KEPT_NUMBERS or len(self._kept) > KEPT_SMALL):
            self._numbers -= self._kept.popitem(last=False)[1][1]
        return made

    def clear(self) -> None:
        """Forget everything that was kept."""
        self._kept.clear()
        self._numbers = 0


class Gate(Generic[G]):
    """Who may use the arrays of one network: any number of threads with a lane each, or one that trains.

    While one thread trains, no other has a lane: what it computed would come from parameters half old, half new.

    Lanes and trainings are known here by weak references: what a thread had when it was interrupted, wherever that was,
    is gone with it, and nobody waits for it.
    """

    def __init__(self) -> None:
        self._made: list[ref[Lane[G]]] = []
        self._making = threading.Lock()
        self._trained: dict[None, ref[_Training]] = {}  # one at most; to set and to find it is one instruction
        self._torn = False  # whether another thread of the process that this one was forked from was training
        _everywhere.add(self)

    @property
    def lanes(self) -> list[Lane[G]]:
        """All lanes that there are."""
        return [lane for each in self._made if (lane := each()) is not None]

    def know(self, lane: Lane[G]) -> None:
        """Count a lane in."""
        with self._making:
            self._made = [each for each in self._made if each() is not None] + [ref(lane)]

    def pass_by(self, thread: int) -> None:
        """Let a thread go on that may use the arrays. Errors: ConcurrencyError where another one trains."""
        if self._trained:
            training = self._training()
            if training is not None and training.thread != thread:
                raise ConcurrencyError(
                    "the network is being trained by another thread",
                    expected="one thread while it trains; any number that evaluate and differentiate otherwise",
                    hint="evaluate a copy that was taken before, copy.deepcopy(network), or when the training is over",
                )
        if self._torn:
            raise _torn()

    def trained(self) -> AbstractContextManager[None]:
        """Let nobody else have a lane inside the block: the parameters change. Others finish first.

        Raises
        ------
        ConcurrencyError
            The network is being trained already.

        """
        return _Training(self)

    def begin(self, training: _Training) -> None:
        """Let one training have the network; wait until nobody else has a lane."""
        if self._torn:
            raise _torn()
        mine = ref(training)
        while (found := self._trained.setdefault(None, mine)) is not mine:
            if found() is not None:
                raise ConcurrencyError(
                    "the network is being trained already",
                    expected="one training at a time",
                    hint="train a copy: copy.deepcopy(network)",
                )
            self._trained.pop(None, None)  # it was interrupted
        while self._used_beside(training.thread):
            time.sleep(0.0005)

    def end(self, training: _Training) -> None:
        """Let others have lanes again, if this training has the network."""
        if self._training() is training:
            self._trained.pop(None, None)

    def clear(self) -> None:
        """Forget what all lanes kept; nobody but the caller may have one."""
        for lane in self.lanes:
            lane.clear()

    def forked(self) -> None:
        """Forget, in a new process, what other threads of the old one had: they are not here."""
        me = threading.get_ident()
        self._making = threading.Lock()
        self._made = [each for each in self._made if (lane := each()) is not None and lane.owner in (None, me)]
        training = self._training()
        if training is None or training.thread != me:
            self._torn = training is not None
            self._trained.clear()

    def _used_beside(self, thread: int) -> bool:
        """Whether another thread has a lane."""
        for each in self._made:
            lane = each()
            if lane is not None and lane.owner is not None and lane.owner != thread:
                return True
        return False

    def _training(self) -> _Training | None:
        found = self._trained.get(None)
        return None if found is None else found()


class Lanes(Generic[G]):
    """The lanes of one plan: as many as there are threads that use it at once, as far as the `gate` lets them."""

    def __init__(self, make: Callable[[], Lane[G]], gate: Gate[G]) -> None:
        self._make = make
        self._gate = gate
        self._free: deque[Lane[G]] = deque()

    def take(self) -> Lane[G]:
        """Return a lane that nobody else has, until it is given back.

        Raises
        ------
        ConcurrencyError
            Another thread trains the network.

        """
        try:
            lane = self._free.pop()
        except IndexError:
            lane = self._make()
            self._gate.know(lane)
        lane.owner = threading.get_ident()  # before the look at who trains, who looks in the other order
        try:
            self._gate.pass_by(lane.owner)
        except ConcurrencyError:
            self.give(lane)
            raise
        return lane

    def give(self, lane: Lane[G]) -> None:
        """Take a lane back."""
        lane.owner = None
        self._free.append(lane)

    def taken(self) -> AbstractContextManager[Lane[G]]:
        """Have a lane inside the block."""
        return _Taking(self)


def _torn() -> ConcurrencyError:
    return ConcurrencyError(
        "the network was being trained by another thread when this process was forked",
        expected="parameters that nobody was changing",
        hint="fork before or after a training, or take copy.deepcopy(network) with you",
    )


# Classes, because Python may interrupt what contextlib makes of a generator between its `yield` and the block.
class _Taking(AbstractContextManager[Lane[G]]):
    def __init__(self, lanes: Lanes[G]) -> None:
        self._lanes = lanes

    def __enter__(self) -> Lane[G]:
        self._lane = self._lanes.take()
        return self._lane

    def __exit__(self, *raised: object) -> None:
        self._lanes.give(self._lane)


class _Training(AbstractContextManager[None]):
    def __init__(self, gate: Gate[Any]) -> None:
        self._gate = gate
        self.thread = threading.get_ident()

    def __enter__(self) -> None:
        try:
            self._gate.begin(self)
        except BaseException:
            self._gate.end(self)
            raise

    def __exit__(self, *raised: object) -> None:
        self._gate.end(self)


_everywhere: WeakSet[Gate[Any]] = WeakSet()


def _forked() -> None:
    for each in list(_everywhere):
        each.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
