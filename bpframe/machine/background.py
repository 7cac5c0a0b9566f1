"""One piece of work in a thread of its own, whose result is asked for later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Background"]

T = TypeVar("T")


class Background(Generic[T]):
    """Begins to work at once; `result` waits for the end, and raises what the work has raised."""

    def __init__(self, work: Callable[[], T]) -> None:
        #: How many seconds the work took, 0 before its end.
        self.seconds = 0.0
        self._work = work
        self._found: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="bpframe-background", daemon=True)
        self._thread.start()

    def result(self) -> T:
        """Return what the work has returned, once it is done."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _run(self) -> None:
        began = time.perf_counter()
        try:
            self._found.append(self._work())
        except BaseException as error:
            self._error = error
        self.seconds = time.perf_counter() - began
