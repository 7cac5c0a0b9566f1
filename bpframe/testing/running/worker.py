"""The process in which components are checked apart: `python -m bpframe.testing.running.worker ORDER`.

It writes one JSON object to a line of its standard output for everything that happens; what the components print goes
to standard error.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from pathlib import Path
from typing import Any

from bpframe.errors import BpframeError
from bpframe.testing.report import Outcome, Report
from bpframe.testing.running.order import Follower, Order, run_order

__all__ = ["main"]


class _Teller(Follower):
    """Tells the parent process of everything, and begins the time anew with every component and example."""

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        # What components print, from Python or from C, must not mix with the events.
        self._events = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def tell(self, event: str, **facts: Any) -> None:
        self._events.write(json.dumps({"event": event, **facts}) + "\n")
        self._events.flush()

    def begin(self) -> None:
        """Let the process end after the time limit, with the place that it is in on standard error.

        The watch needs neither the interpreter's lock nor a signal, so that it also ends a loop in C.
        """
        faulthandler.dump_traceback_later(self._time_limit, exit=True)

    def subject(self, number: int, report: Report, words: tuple[str, ...]) -> None:
        self.tell("subject", number=number, report=report.model_dump(mode="json"), words=words)
        self.begin()

    def example(self, report: Report, names: tuple[str, ...]) -> None:
        self.tell("example", report=report.model_dump(mode="json"), names=names)
        self.begin()

    def check(self, name: str, outcome: Outcome | None) -> None:
        if outcome is None:
            self.tell("check", name=name)
        else:
            self.tell("outcome", outcome=outcome.model_dump(mode="json"))


def main(text: str) -> None:
    """Carry out an order, given as JSON."""
    given = json.loads(text)
    order = given["order"]
    for name in ("words", "only"):
        order[name] = tuple(order[name])
    faulthandler.enable()
    teller = _Teller(given["time_limit"])
    _limit_memory(given["memory_gib"])
    teller.tell("ready")
    teller.begin()
    try:
        for report in run_order(Order(**order), teller, given["start"]):
            teller.tell("report", report=report.model_dump(mode="json"))
    except BpframeError as error:
        teller.tell(
            "error", kind=type(error).__name__, problem=error.problem, expected=error.expected,
            received=error.received, hint=error.hint, rows=error.rows,
        )  # fmt: skip
        return
    teller.tell("end")


def _limit_memory(gib: float) -> None:
    """Let the process have so much memory more than it has, where the system can hold it to that."""
    try:
        import resource  # not on Windows

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main(sys.argv[1])
