"""Ctrl-C: asking to stop after the step at hand, and told from a KeyboardInterrupt that somebody else's code raises.

Outside the main thread, where Python lets nobody handle signals, nothing changes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interruption", "interruptible", "noticing_interruption"]


class Interruption:
    """Whether the user has asked to stop."""

    requested = False


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the first Ctrl-C into a request that the caller looks at between steps; a second one interrupts at once."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption.requested:
            raise KeyboardInterrupt
        interruption.requested = True

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous if previous is not None else signal.default_int_handler)


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
