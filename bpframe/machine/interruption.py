"""Being asked to end: Ctrl-C, SIGTERM and SIGHUP, and Ctrl-C told from a KeyboardInterrupt of somebody else's code.

Outside the main thread, where Python lets nobody handle signals, nothing changes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ENDING", "Interruption", "interruptible", "noticing_interruption"]

#: The signals that ask a process to end. Windows has not all of them.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interruption:
    """Whether somebody has asked to stop, and by which signal: `number` is 0 where it was none."""

    requested = False
    number = 0


#: That of the outermost block in the main thread.
_present: list[Interruption] = []


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn what asks the process to end into a request that the caller looks at between steps.

    A second Ctrl-C interrupts at once. SIGTERM and SIGHUP, where they are not ignored, are delivered again when the
    block is over, to whoever would have had them. A block inside of another has the same request.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interruption()
        return
    if _present:
        yield _present[0]
        return
    interruption = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        interruption.requested, interruption.number = True, interruption.number or number

    before: dict[int, Any] = {}
    _present.append(interruption)
    try:
        for number in ENDING:
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, handle)
        yield interruption
    finally:
        _present.clear()
        for number, handler in before.items():
            ours = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, handler if handler is not None else ours)
        if interruption.number not in (0, signal.SIGINT):
            signal.raise_signal(interruption.number)


@contextmanager
def noticing_interruption() -> Iterator[Interruption]:
    """Notice Ctrl-C inside the block, and handle it as before."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):  # ignored, or it ends the process: no KeyboardInterrupt comes of it
        interruption.requested = previous is None  # handled outside Python: nobody can tell
        yield interruption
        return

    def handle(number: int, frame: FrameType | None) -> None:
        interruption.requested = True
        previous(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous)
