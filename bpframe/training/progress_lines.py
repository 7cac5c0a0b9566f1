"""How a training goes, in a few lines of text: for log files, and the beginning of what notebooks show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bpframe.training.history import EpochRecord
from bpframe.training.history_table import in_words

__all__ = ["Lines", "Progress", "in_log", "record_line"]

#: How many lines a whole training leaves in a log file.
LOG_LINES = 10


class Progress:
    """What a training tells: a portion of an epoch done, then the whole epoch. This one shows nothing."""

    def within(self, epoch: int, share: float) -> None:
        """Tell that this share of the epoch (0 to 1) is done."""

    def after(self, record: EpochRecord) -> None:
        """Tell what the epoch came to."""


def record_line(record: EpochRecord) -> str:
    """Return an epoch's figures in one line."""
    parts = [f"cost {record.cost:.4g}"]
    for name in ("validation_cost", "accuracy", "validation_accuracy"):
        value = getattr(record, name)
        if value is not None:
            parts.append(f"{in_words(name)} {value:.4g}")
    named = {**record.metrics, **record.figures}
    parts += [f"{in_words(name)} {value:.4g}" for name, value in named.items() if isinstance(value, float)]
    return "  ".join(parts)


@contextmanager
def in_log(epochs: int, unit: str) -> Iterator[Progress]:
    """Yield what writes lines to standard error."""
    lines = Lines(epochs, unit, _to_standard_error)
    try:
        yield lines
    finally:
        lines.end()


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Lines(Progress):
    """Tells some ten epochs, a line each, and the last one."""

    def __init__(self, epochs: int, unit: str, tell: Callable[[str], object]) -> None:
        self.epochs = epochs
        self.unit = unit
        self.stride = max(1, -(-epochs // LOG_LINES))
        self._tell = tell
        self._untold: EpochRecord | None = None

    def after(self, record: EpochRecord) -> None:
        """Tell of this epoch, where it is one of the ten."""
        self._untold = record
        if record.epoch % self.stride == 0 or record.epoch in (1, self.epochs):
            self.end()

    def end(self) -> None:
        """Tell what the last epoch came to, where it has not been told: training may end before its time."""
        if (record := self._untold) is not None:
            self._tell(f"{self.unit} {record.epoch}/{self.epochs}  {record_line(record)}")
        self._untold = None
