"""Checks in another process, so that a hang, a crash or a flood of memory is a finding and not the end of the run."""

from __future__ import annotations

import contextlib
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
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import bpframe.errors as errors
from bpframe.plugins.installed import installed
from bpframe.testing.report import Outcome, Report
from bpframe.testing.running.order import Follower, Order, rerun

__all__ = ["MEMORY_GIB", "TIME_LIMIT", "run_isolated"]

#: Seconds that one example may take.
TIME_LIMIT = 60.0

#: How much memory a component may take beyond what the process holds before, in GiB.
MEMORY_GIB = 4.0

#: Seconds for a new interpreter and its imports, and beyond a limit before the process is ended from outside.
START, GRACE = 120.0, 2.0


def run_isolated(
    order: Order, follower: Follower | None = None, *, time_limit: float = TIME_LIMIT, memory_gib: float = MEMORY_GIB
) -> Iterator[Report]:
    """Check what an order asks for in a new process, and yield one report for each example, as `run_order` does.

    Where the process ends early or overruns the time limit, the example at hand gets a report that says which check it
    was in, and where in the code; a new process goes on with the next component. All that is installed is checked one
    plugin set to a process.

    Parameters
    ----------
    order : what to check.
    follower : told how far the run is.
    time_limit : seconds for one example, and for the import before the first.
    memory_gib : how much memory the components may take, where the operating system can hold them to it (Linux).

    Raises
    ------
    BpframeError
        What `run_order` raises, from the process.

    """
    told = follower or Follower()
    for part, environment in _parts(order):
        start: int | None = 0
        while start is not None:
            worker = _Worker(part, start, time_limit, memory_gib, environment)
            try:
                start = yield from worker.reports(told)
            finally:
                worker.end()


def _parts(order: Order) -> Iterator[tuple[Order, dict[str, str]]]:
    """Yield the orders that one process each carries out, and what its environment has beside ours."""
    if order.words:
        yield order, {}
        return
    variable = os.environ.get("BPFRAME_PLUGINS")
    chosen = None if variable is None else [each.strip() for each in variable.split(",") if each.strip()]
    names = dict.fromkeys(provider.set for _, provider in installed())
    for name in names if chosen is None else dict.fromkeys(chosen):
        yield order, {"BPFRAME_PLUGINS": name}


class _Worker:
    """One process and what it has told so far."""

    def __init__(
        self, order: Order, start: int, time_limit: float, memory_gib: float, environment: dict[str, str]
    ) -> None:
        self.order, self.time_limit = order, time_limit
        self.words = order.words
        self.what = ", ".join(order.words) or environment.get("BPFRAME_PLUGINS", "all")
        self.number = start - 1
        self.report: Report | None = None
        self.outcomes: list[Outcome] = []
        self.running = "loading"
        told = {"order": asdict(order), "start": start, "time_limit": time_limit, "memory_gib": memory_gib}
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        # A process of its own, not a fork: no lock, thread or open file of ours goes along. -P keeps the current
        # folder, and a numpy.py in it, off the path.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bpframe.testing.running.worker", json.dumps(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **environment},
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        stdout = self.process.stdout
        if stdout is None:
            raise OSError("a process without an output")
        # Reading in a thread gives a wait with a limit on every system. It ends with the pipe.
        self.reader = threading.Thread(target=_read, args=(stdout, self.lines), daemon=True)
        self.reader.start()

    def reports(self, told: Follower) -> Generator[Report, None, int | None]:
        """Yield reports as they come; return the number of the component to go on with, or None at the end."""
        self.began, limit = time.monotonic(), START
        while True:
            line = self._line(limit)
            if line is None:
                yield self._ended(limit)
                # What dies while it is loaded dies again.
                return None if self.running == "loading" else self.number + 1
            event = json.loads(line)
            kind = event.pop("event")
            if kind == "end":
                return None
            if kind == "error":
                raise _error(event)
            limit = self.time_limit
            if kind in ("ready", "subject", "example"):
                self.began = time.monotonic()
            if kind == "subject":
                self.number, self.running = event["number"], "example"
                self.report, self.outcomes = Report.model_validate(event["report"]), []
                self.words = tuple(event["words"])
                told.subject(self.number, self.report, self.words)
            elif kind == "example":
                self.report, self.outcomes = Report.model_validate(event["report"]), []
                told.example(self.report, tuple(event["names"]))
            elif kind == "check":
                self.running = event["name"]
                told.check(self.running, None)
            elif kind == "outcome":
                self.outcomes.append(Outcome.model_validate(event["outcome"]))
                told.check(self.running, self.outcomes[-1])
            elif kind == "report":
                self.running = "example"
                yield Report.model_validate(event["report"])

    def end(self) -> None:
        """End the process, if it still runs."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        # What the process started may still hold the pipe; then the thread ends with that.
        self.reader.join(GRACE)
        self.errors.close()

    def _line(self, limit: float) -> bytes | None:
        """Return the next line, or None where the process ended or its time is over."""
        left = self.began + limit + GRACE - time.monotonic()
        try:
            line = self.lines.get(timeout=max(left, 0))
        except queue.Empty:
            return None
        return line or None

    def _ended(self, limit: float) -> Report:
        """Return the report on the example at which the process ended."""
        seconds = time.monotonic() - self.began
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0 if seconds >= limit else GRACE)
        overran = seconds >= limit
        text = self._stderr()
        rows = []
        where = _place(text, self.words)
        if where:
            rows.append(("where", where))
        if overran:
            message = f"it did not end within {limit:g} s"
            rows.append(("try", "--time-limit SECONDS allows more"))
        else:
            message = f"it ended the process: {_cause(self.process.poll())}"
            last = [each for each in text.splitlines() if each.strip()]
            if not where and last:
                rows.append(("said", last[-1]))
        more = ("--time-limit", f"{self.time_limit:g}")
        known = self.running not in ("loading", "example")
        rows.append(("rerun", rerun(self.words, self.order, self.running if known else None, *more)))
        report = self.report or Report(component=self.what, seed=self.order.seed)
        failure = Outcome(check=self.running, status="failed", message=message, rows=tuple(rows), seconds=seconds)
        note = ("the checks after it, and the component's further examples, did not run",) if self.report else ()
        return report.model_copy(update={"outcomes": (*self.outcomes, failure), "notes": (*report.notes, *note)})

    def _stderr(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")


def _read(stdout: IO[bytes], lines: queue.Queue[bytes]) -> None:
    with stdout:
        for line in stdout:
            lines.put(line)
    lines.put(b"")


def _error(event: dict[str, Any]) -> errors.BpframeError:
    """Return the error that the other process met."""
    kind = getattr(errors, event.pop("kind"), errors.BpframeError)
    rows = [(label, text) for label, text in event.pop("rows")]
    found: errors.BpframeError = kind(event.pop("problem"), rows=rows, **event)
    return found


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


def _place(text: str, words: Sequence[str]) -> str | None:
    """Return the innermost line of the author's code in the tracebacks that a dying process has written."""
    frames = re.findall(r'^  File "(.+)", line (\d+) in (.+)$', text, re.MULTILINE)
    own = {str(Path(word.partition("::")[0]).expanduser().absolute()) for word in words}
    package = str(Path(__file__).parents[1])
    foreign = [frame for frame in frames if not frame[0].startswith(package)]
    chosen = [frame for frame in foreign if frame[0] in own] or foreign[:1]
    return f"{Path(chosen[0][0]).name}, line {chosen[0][1]}, in {chosen[0][2]}" if chosen else None
