"""Progress in a notebook: one output that is written anew while training runs, and stays when the notebook is saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bpframe.training.history import EpochRecord
from bpframe.training.progress_lines import Lines, Progress

__all__ = ["in_notebook"]

#: Seconds between two times that the bar is drawn, and how many characters it has.
REST, BAR = 0.2, 30


@contextmanager
def in_notebook(epochs: int, unit: str) -> Iterator[Progress]:
    """Yield what shows lines as a log file has them, and a bar below as long as it runs."""
    from IPython.display import display

    shown = _Shown(epochs, unit, display)
    try:
        yield shown
    finally:
        shown.end()


class _Shown(Progress):
    def __init__(self, epochs: int, unit: str, display: Callable[..., object]) -> None:
        self._told: list[str] = []
        self._lines = Lines(epochs, unit, self._told.append)
        self._epochs, self._unit, self._display = epochs, unit, display
        self._handle: object | None = None
        self._drawn = 0.0

    def within(self, epoch: int, share: float) -> None:
        if time.monotonic() - self._drawn >= REST:
            done = round(BAR * min(1.0, (epoch - 1 + share) / max(1, self._epochs)))
            self._show(f"{self._unit} {epoch}/{self._epochs}  {'━' * done}{'┄' * (BAR - done)}")

    def after(self, record: EpochRecord) -> None:
        before = len(self._told)
        self._lines.after(record)
        if len(self._told) > before:
            self._show()
        else:
            self.within(record.epoch, 1.0)

    def end(self) -> None:
        """Show the last line, and no bar any more."""
        self._lines.end()
        if self._told or self._handle is not None:
            self._show()

    def _show(self, bar: str = "") -> None:
        text = "\n".join([*self._told, bar] if bar else self._told)
        self._drawn = time.monotonic()
        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[attr-defined]
