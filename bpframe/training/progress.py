"""Telling a person how training goes: a bar in a terminal, lines and a bar in a notebook, a few lines in a log file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from bpframe.training.history import EpochRecord
from bpframe.training.history_table import in_words
from bpframe.training.notebook_progress import in_notebook
from bpframe.training.progress_lines import Progress, in_log

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["shown_progress"]

#: How many of a method's own figures have a place beside a bar, and how many characters all figures.
BAR_FIGURES, BAR_WIDTH = 2, 50


@contextmanager
def shown_progress(epochs: int, show: bool | None, unit: str) -> Iterator[Progress]:
    """Yield what to tell the progress to; it writes to standard error, and calls an epoch `unit`.

    `show` None shows a bar to a person (a terminal or a notebook) and nothing to a log file; True also writes a few
    lines to a log file; False shows nothing. In a notebook it is an output of the cell, which is saved with it.
    """
    if show is False:
        yield Progress()
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter:  # rich's own bar there is a widget, of which nothing is left in a saved notebook
        shown = in_notebook(epochs, unit)
    elif console.is_terminal and not console.is_dumb_terminal:
        shown = _bar(console, epochs, unit)
    elif show:
        shown = in_log(epochs, unit)
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


def _figures(record: EpochRecord) -> str:
    """Return the most important of these, to leave a terminal of 80 columns some of the bar."""
    share = record.validation_accuracy if record.validation_accuracy is not None else record.accuracy
    parts = [f"cost {record.cost:.3g}"]
    parts += [f"{in_words(name)} {value:.2g}" for name, value in list(record.figures.items())[:BAR_FIGURES]]
    if record.validation_cost is not None:
        parts.append(f"validation {record.validation_cost:.3g}")
    if share is not None:
        parts.append(f"accuracy {share:.3f}")
    parts += [f"{in_words(name)} {value:.3g}" for name, value in record.metrics.items() if isinstance(value, float)]
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
