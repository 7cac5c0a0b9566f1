"""Telling a person how training goes: a bar in a terminal or notebook, a few lines in a log file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bpframe.training.history import EpochRecord

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress", "record_line", "shown_progress"]

#: How many lines a whole training leaves in a log file.
LOG_LINES = 10

#: How many of a method's own figures have a place beside a bar, and how many characters all figures.
BAR_FIGURES, BAR_WIDTH = 2, 50


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
            parts.append(f"{_words(name)} {value:.4g}")
    named = {**record.metrics, **record.figures}
    parts += [f"{_words(name)} {value:.4g}" for name, value in named.items() if isinstance(value, float)]
    return "  ".join(parts)


def _words(name: str) -> str:
    return name.replace("_", " ")


@contextmanager
def shown_progress(epochs: int, show: bool | None, unit: str) -> Iterator[Progress]:
    """Yield what to tell the progress to; it writes to standard error, and calls an epoch `unit`.

    `show` None shows a bar to a person (a terminal or a notebook) and nothing to a log file; True also writes a few
    lines to a log file; False shows nothing.
    """
    if show is False:
        yield Progress()
        return
    from rich.console import Console

    console = Console(stderr=True)
    # In a notebook rich draws with ipywidgets; without it, lines are what works.
    interactive = console.is_terminal and not console.is_dumb_terminal
    if interactive or (console.is_jupyter and find_spec("ipywidgets") is not None):
        shown = _bar(console, epochs, unit)
    elif show or console.is_jupyter:
        shown = _lines(epochs, unit)
    else:
        yield Progress()
        return
    teller = _Teller(shown)
    try:
        yield teller
    finally:
        teller.end()


class _Teller(Progress):
    """Tells as long as somebody can be told: a terminal that is gone, or a full log, ends no training."""

    def __init__(self, shown: AbstractContextManager[Progress]) -> None:
        self._open = ExitStack()
        self._progress = Progress()
        with self._as_long_as_it_goes():
            self._progress = self._open.enter_context(shown)

    def within(self, epoch: int, share: float) -> None:
        with self._as_long_as_it_goes():
            self._progress.within(epoch, share)

    def after(self, record: EpochRecord) -> None:
        with self._as_long_as_it_goes():
            self._progress.after(record)

    def end(self) -> None:
        """Tell the last, and close what shows it."""
        with self._as_long_as_it_goes():
            self._open.close()

    @contextmanager
    def _as_long_as_it_goes(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # a stream that is closed raises ValueError
            self._progress = Progress()


@contextmanager
def _lines(epochs: int, unit: str) -> Iterator[Progress]:
    lines = _Lines(epochs, unit)
    try:
        yield lines
    finally:
        lines.end()


class _Lines(Progress):
    def __init__(self, epochs: int, unit: str) -> None:
        self.epochs = epochs
        self.unit = unit
        self.stride = max(1, -(-epochs // LOG_LINES))
        self._untold: EpochRecord | None = None

    def after(self, record: EpochRecord) -> None:
        self._untold = record
        if record.epoch % self.stride == 0 or record.epoch in (1, self.epochs):
            self.end()

    def end(self) -> None:
        """Tell what the last epoch came to, where it has not been told: training may end before its time."""
        if (record := self._untold) is not None:
            print(f"{self.unit} {record.epoch}/{self.epochs}  {record_line(record)}", file=sys.stderr, flush=True)
        self._untold = None


def _figures(record: EpochRecord) -> str:
    """Return the most important of these, to leave a terminal of 80 columns some of the bar."""
    share = record.validation_accuracy if record.validation_accuracy is not None else record.accuracy
    parts = [f"cost {record.cost:.3g}"]
    parts += [f"{_words(name)} {value:.2g}" for name, value in list(record.figures.items())[:BAR_FIGURES]]
    if record.validation_cost is not None:
        parts.append(f"validation {record.validation_cost:.3g}")
    if share is not None:
        parts.append(f"accuracy {share:.3f}")
    parts += [f"{_words(name)} {value:.3g}" for name, value in record.metrics.items() if isinstance(value, float)]
    while len(parts) > 1 and len("  ".join(parts)) > BAR_WIDTH:
        parts.pop()
    return "  ".join(parts)


@contextmanager
def _bar(console: Console, epochs: int, unit: str) -> Iterator[Progress]:
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column

    bar = RichProgress(
        TextColumn(
            unit + " {task.fields[epoch]}/{task.total}", table_column=Column(min_width=len(f"{unit} {epochs}/{epochs}"))
        ),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=8,
    )
    task = bar.add_task("training", total=epochs, epoch=0, figures="")

    class _Bar(Progress):
        def within(self, epoch: int, share: float) -> None:
            bar.update(task, completed=epoch - 1 + share, epoch=epoch)

        def after(self, record: EpochRecord) -> None:
            bar.update(task, completed=record.epoch, epoch=record.epoch, figures=_figures(record))

    with bar:
        yield _Bar()
