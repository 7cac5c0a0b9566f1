"""Processes that we begin and that end when we are asked to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

from bpframe.machine.interruption import ENDING

__all__ = ["ChildProcesses"]


class ChildProcesses:
    """Within, a signal that asks this process to end is handed on to those that it began, and none is begun any more.

    A second Ctrl-C ends them at once. They are in a session of their own, so that Ctrl-C in a terminal reaches them
    once, through us. Outside the main thread, where Python lets nobody handle signals, none is handed on. An exception
    in the block ends all of them too.
    """

    def __init__(self) -> None:
        #: The first signal that asked to end, 0 before one came.
        self.asked = 0
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._before: dict[int, Any] = {}

    def begin(self, words: Sequence[str], **streams: Any) -> subprocess.Popen[bytes] | None:
        """Begin a process and return it, or None where none is begun any more."""
        with self._lock:
            if self.asked:
                return None
            process = subprocess.Popen(words, start_new_session=os.name == "posix", **streams)
            self._running.add(process)
        if self.asked:  # in the meantime, when it was not yet among those that run
            process.send_signal(signal.SIGTERM)
        return process

    def ended(self, process: subprocess.Popen[bytes]) -> None:
        """Forget a process that has ended."""
        with self._lock:
            self._running.discard(process)

    def send(self, number: int) -> None:
        """Send a signal to all that run."""
        for each in list(self._running):
            with contextlib.suppress(OSError):
                each.send_signal(number)

    def __enter__(self) -> ChildProcesses:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is not None:
            self.asked = self.asked or signal.SIGTERM
            self.send(signal.SIGTERM)
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = self.asked == number == signal.SIGINT
        self.asked = self.asked or number
        self.send(signal.SIGTERM if again and os.name != "posix" else signal.SIGKILL if again else number)
