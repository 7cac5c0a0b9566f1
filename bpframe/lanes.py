"""Threads side by side: whoever runs passes takes a lane and gives it back, so that no two threads share arrays."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from bpframe.errors import ConcurrencyError
from bpframe.parameters import ParameterVector

__all__ = ["Lane", "Lanes"]

T = TypeVar("T")

#: How many things a lane keeps: so many whatever their size, and more while they are small together.
KEPT = 4
KEPT_SMALL = 256
KEPT_NUMBERS = 1 << 22


class Lane:
    """What one thread at a time works with: a gradient, and what is kept of earlier passes and used again.

    `gradient` is where passes write theirs; the next one overwrites it.
    """

    def __init__(self, gradient: ParameterVector) -> None:
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


class Lanes:
    """The lanes of one network: as many as there are threads that use it at once.

    While one thread trains, no other has a lane: what it computed would come from parameters half old, half new.
    """

    def __init__(self, make: Callable[[], Lane]) -> None:
        self._make = make
        self._all: list[Lane] = []
        self._free: deque[Lane] = deque()
        self._trainer: int | None = None
        self._training = threading.Lock()

    def take(self) -> Lane:
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
            self._all.append(lane)
        lane.owner = threading.get_ident()  # before the look at who trains, who looks in the other order
        if self._trainer is not None and self._trainer != lane.owner:
            self.give(lane)
            raise ConcurrencyError(
                "the network is being trained by another thread",
                expected="one thread while it trains; any number that evaluate and differentiate otherwise",
                hint="evaluate a copy, copy.deepcopy(network), or from a callback of the training",
            )
        return lane

    def give(self, lane: Lane) -> None:
        """Take a lane back."""
        lane.owner = None
        self._free.append(lane)

    @contextmanager
    def taken(self) -> Iterator[Lane]:
        """Have a lane inside the block."""
        lane = self.take()
        try:
            yield lane
        finally:
            self.give(lane)

    @contextmanager
    def trained(self) -> Iterator[Lane]:
        """Have a lane inside the block, and nobody else one: the parameters change. Others finish first.

        Raises
        ------
        ConcurrencyError
            The network is being trained already.

        """
        if not self._training.acquire(blocking=False):
            raise ConcurrencyError(
                "the network is being trained already",
                expected="one training at a time",
                hint="train a copy: copy.deepcopy(network)",
            )
        me = threading.get_ident()
        self._trainer = me
        try:
            while any(lane.owner not in (None, me) for lane in self._all):
                time.sleep(0.0005)
            with self.taken() as lane:
                yield lane
        finally:
            self._trainer = None
            self._training.release()

    def clear(self) -> None:
        """Forget what all lanes kept; nobody but the caller may have one."""
        for lane in self._all:
            lane.clear()
