"""SIGTERM and SIGHUP while a command runs: they end it with the exit code that a shell knows."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bpframe.machine.interruption import ENDING

__all__ = ["ended_by_signals"]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit with 128 and their number inside the block, where they are not ignored.

    A training takes them as requests first, and gives them back when all is kept.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
