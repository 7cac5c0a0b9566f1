"""Other people's Python code in a process apart, where what it does to the process is a finding and not our end.

A function of ours is called there with an order, and tells by one JSON object to a line how far it is. A crash, an
exit, a loop that never ends, also one in C, and a flood of output or memory end that process alone:

    with Apart(function, order) as process:      # there: function(order, replies)
        process.begin(limit)                     # from now on so many seconds
        reply = process.reply()                  # None: it has ended, or its time is over; process.ending() says how
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

__all__ = ["Apart", "Ending", "Replies", "carry_out", "limit_memory"]

#: Seconds for a new interpreter and its imports, and beyond a limit before the process is ended from outside.
START, GRACE = 120.0, 2.0

#: Bytes of standard error that are looked at, from its end.
LOOKED_AT = 2**20

_CALL = "import sys; from bpframe.machine.apart import carry_out; carry_out(*sys.argv[1:])"
_PACKAGE = str(Path(__file__).parents[1])


class Replies:
    """There: how the function tells what it does. What others print to standard output or error does not mix with it.

    `printed` is the file descriptor that their output goes to: 2 keeps it for `Ending.text`.
    """

    def __init__(self, printed: int = 2) -> None:
        self._replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._tracebacks = os.dup(2)
        for number in (1, 2):
            os.dup2(printed, number)
        faulthandler.enable(self._tracebacks)

    def tell(self, **facts: Any) -> None:
        """Tell one thing, as JSON."""
        self._replies.write(json.dumps(facts) + "\n")
        self._replies.flush()

    def begin(self, limit: float) -> None:
        """Let the process end after `limit` seconds, with the place that it is in on standard error.

        The watch needs neither the interpreter's lock nor a signal, so that it also ends a loop in C.
        """
        faulthandler.dump_traceback_later(limit, exit=True, file=self._tracebacks)


def carry_out(module: str, function: str, order: str) -> None:
    """There: call the function of a module with an order, given as JSON."""
    getattr(importlib.import_module(module), function)(json.loads(order))


def limit_memory(gib: float) -> None:
    """There: let the process have so much memory more than it has, where the system can hold it to that (Linux)."""
    try:
        import resource  # not on Windows

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        return


@dataclass(frozen=True)
class Ending:
    """How a process ended: whether its time was over, else the cause; what it wrote to standard error."""

    overran: bool
    cause: str
    text: str
    seconds: float
    limit: float

    @property
    def frames(self) -> list[tuple[str, str, str]]:
        """(file, line, function) of the tracebacks that a dying process has written, innermost first, without ours."""
        found = re.findall(r'^  File "(.+)", line (\d+) in (.+)$', self.text, re.MULTILINE)
        return [frame for frame in found if not frame[0].startswith(("<", _PACKAGE))]


class Apart:
    """A process that carries out an order, with what it starts; both end with the block."""

    def __init__(
        self, function: Callable[[dict[str, Any]], None], order: Mapping[str, Any], environment: Mapping[str, str] = {}
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        # A process of its own, not a fork: no lock, thread or open file of ours goes along. -P keeps the current
        # folder, and a numpy.py in it, off the path; what is meant to end its own group must not reach ours.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CALL, function.__module__, function.__qualname__, json.dumps(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        # Reading in a thread gives a wait with a limit on every system. It ends with the pipe.
        self._reader = threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True)
        self._reader.start()
        self.begin(START)

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        self._reader.join(GRACE)  # what has left the process's group may still hold the pipe
        self._errors.close()

    def begin(self, limit: float) -> None:
        """Give the process `limit` seconds from now on."""
        self._began, self._limit = time.monotonic(), limit

    def reply(self) -> dict[str, Any] | None:
        """Return what it tells next, or None where it has ended or its time is over."""
        until = self._began + self._limit + GRACE
        while True:
            ended = self._process.poll() is not None  # though what it started may hold the pipe
            left = until - time.monotonic()
            try:
                line = self._lines.get(timeout=min(max(left, 0), GRACE))
            except queue.Empty:
                if ended or left <= GRACE:
                    return None
                continue
            if not line:
                return None
            with contextlib.suppress(ValueError):  # other people's code can write to any open file, ours too
                told = json.loads(line)
                if isinstance(told, dict):
                    return told
            if left <= 0:
                return None

    def ending(self) -> Ending:
        """Return how it ended, after the reply None."""
        seconds = time.monotonic() - self._began
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0 if seconds >= self._limit else GRACE)
        code = self._process.poll()
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - LOOKED_AT))
        text = self._errors.read().decode(errors="replace")
        watched = code == 1 and re.search(r"^Timeout \(", text, re.MULTILINE) is not None
        return Ending(watched or seconds >= self._limit, _cause(code), text, seconds, self._limit)


def _read(stdout: IO[bytes], lines: queue.Queue[bytes]) -> None:
    with stdout:
        for line in stdout:
            lines.put(line)
    lines.put(b"")


def _cause(code: int | None) -> str:
    if code is None:
        return "it closed its output"
    if code >= 0:
        return f"exit status {code} (os._exit, or a library that gave up)"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"signal {name}" + (" (perhaps for want of memory)" if name == "SIGKILL" else "")
