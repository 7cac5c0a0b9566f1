"""How often a training is kept: "100 steps", "1 epoch", "10 minutes", or as often as costs little."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

__all__ = ["INTERVAL", "Interval", "interval_in"]

#: What an interval looks like.
INTERVAL = "'100 steps', '1 epoch' or '10 minutes'"

_WRITTEN = re.compile(r"([0-9]{1,12}) (step|epoch|second|minute|hour)s?", re.ASCII)

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}

#: Where nothing is said: after so many seconds, and so many times those that keeping takes, which is then 4 % at most.
PAUSE, SHARE = 60.0, 25.0


def interval_in(text: str) -> tuple[int, str] | None:
    """Return the number and the unit in a text such as "100 steps", None where it says none."""
    found = _WRITTEN.fullmatch(text)
    return (int(found[1]), found[2]) if found is not None and int(found[1]) > 0 else None


class Interval:
    """After which steps a training is kept, by steps, epochs or time; without a text by time, so that it costs little.

    Counts are those of the whole training, so that one that goes on is kept where it would have been.
    """

    def __init__(self, text: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._count, self._unit = (text and interval_in(text)) or (0, "")
        self._clock = clock
        self._pause = self._count * _SECONDS.get(self._unit, 0.0) or PAUSE
        self._next = clock() + self._pause
        self._adapts = not self._unit

    def due(self, step: int, epoch: int, epoch_ends: bool) -> bool:
        """Whether the training is kept after so many steps and whole epochs."""
        if self._unit == "step":
            return step % self._count == 0
        if self._unit == "epoch":
            return epoch_ends and epoch % self._count == 0
        return self._clock() >= self._next

    def kept(self, seconds: float) -> None:
        """Tell that the training was kept just now, which took so many seconds."""
        pause = max(self._pause, SHARE * seconds) if self._adapts else self._pause
        self._next = self._clock() + pause
