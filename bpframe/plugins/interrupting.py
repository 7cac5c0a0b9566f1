"""Whether a KeyboardInterrupt is the user's Ctrl-C, or somebody else's code has raised it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Asked", "ctrl_c"]


class Asked:
    """Whether the user may have asked to stop."""

    to_stop = False


@contextmanager
def ctrl_c() -> Iterator[Asked]:
    """Notice Ctrl-C inside the block, and handle it as before."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # Python lets no signal interrupt another thread
        return
    previous = signal.getsignal(signal.SIGINT)
    if previous is None:
        asked.to_stop = True  # handled outside Python: nobody can tell
        yield asked
        return
    if not callable(previous):
        yield asked  # ignored, or ends the process: no KeyboardInterrupt comes of it
        return

    def handle(number: int, frame: FrameType | None) -> None:
        asked.to_stop = True
        previous(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, previous)
