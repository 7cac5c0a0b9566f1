"""Checks in another process, so that a hang, a crash or a flood of memory is a finding and not the end of the run."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bpframe.errors as errors
from bpframe.machine.apart import Apart, Ending, Replies, limit_memory
from bpframe.plugins.installed import installed
from bpframe.testing.report import Outcome, Report
from bpframe.testing.running.order import Follower, Order, rerun, run_order

__all__ = ["MEMORY_GIB", "TIME_LIMIT", "check_apart", "run_isolated"]

#: Seconds that one example may take.
TIME_LIMIT = 60.0

#: How much memory a component may take beyond what the process holds before, in GiB.
MEMORY_GIB = 4.0


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

    Errors: BpframeError (what `run_order` raises, from the process).
    """
    told = follower or Follower()
    for part, environment in _parts(order):
        start: int | None = 0
        while start is not None:
            given = {"order": asdict(part), "start": start, "time_limit": time_limit, "memory_gib": memory_gib}
            with Apart(check_apart, given, environment) as process:
                what = ", ".join(part.words) or environment.get("BPFRAME_PLUGINS", "all")
                start = yield from _Progress(part, what, start, time_limit, process).reports(told)


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


class _Progress:
    """One process and what it has told so far."""

    def __init__(self, order: Order, what: str, start: int, time_limit: float, process: Apart) -> None:
        self.order, self.what, self.time_limit, self.process = order, what, time_limit, process
        self.words = order.words
        self.number = start - 1
        self.report: Report | None = None
        self.outcomes: list[Outcome] = []
        self.running = "loading"

    def reports(self, told: Follower) -> Generator[Report, None, int | None]:
        """Yield reports as they come; return the number of the component to go on with, or None at the end."""
        while True:
            event = self.process.reply()
            if event is None:
                yield self._ended(self.process.ending())
                # What dies while it is loaded dies again.
                return None if self.running == "loading" else self.number + 1
            kind = event.pop("event", None)  # other people's code may have written it
            if kind == "end":
                return None
            if kind == "error":
                raise _error(event)
            if kind in ("ready", "subject", "example"):
                self.process.begin(self.time_limit)
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

    def _ended(self, ending: Ending) -> Report:
        rows = []
        where = _place(ending, self.words)
        if where:
            rows.append(("where", where))
        if ending.overran:
            message = f"it did not end within {ending.limit:g} s"
            rows.append(("try", "--time-limit SECONDS allows more"))
        else:
            message = f"it ended the process: {ending.cause}"
            last = [each for each in ending.text.splitlines() if each.strip()]
            if not where and last:
                rows.append(("said", last[-1]))
        more = ("--time-limit", f"{self.time_limit:g}")
        known = self.running not in ("loading", "example")
        rows.append(("rerun", rerun(self.words, self.order, self.running if known else None, *more)))
        report = self.report or Report(component=self.what, seed=self.order.seed)
        failure = Outcome(
            check=self.running, status="failed", message=message, rows=tuple(rows), seconds=ending.seconds
        )
        note = ("the checks after it, and the component's further examples, did not run",) if self.report else ()
        return report.model_copy(update={"outcomes": (*self.outcomes, failure), "notes": (*report.notes, *note)})


def _error(event: dict[str, Any]) -> errors.BpframeError:
    kind = getattr(errors, event.pop("kind"), errors.BpframeError)
    rows = [(label, text) for label, text in event.pop("rows")]
    found: errors.BpframeError = kind(event.pop("problem"), rows=rows, **event)
    return found


def _place(ending: Ending, words: Sequence[str]) -> str | None:
    """Return the innermost line of the author's code in the tracebacks that a dying process has written."""
    own = {str(Path(word.partition("::")[0]).expanduser().absolute()) for word in words}
    chosen = [frame for frame in ending.frames if frame[0] in own] or ending.frames[:1]
    return f"{Path(chosen[0][0]).name}, line {chosen[0][1]}, in {chosen[0][2]}" if chosen else None


class _Teller(Follower):
    """Tells of everything from the other process, and begins the time anew with every component and example."""

    def __init__(self, time_limit: float) -> None:
        self._time_limit, self._replies = time_limit, Replies()

    def tell(self, event: str, **facts: Any) -> None:
        self._replies.tell(event=event, **facts)

    def begin(self) -> None:
        self._replies.begin(self._time_limit)

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


def check_apart(given: dict[str, Any]) -> None:
    """Check what an order asks for, in the other process."""
    order = given["order"]
    for name in ("words", "only"):
        order[name] = tuple(order[name])
    teller = _Teller(given["time_limit"])
    limit_memory(given["memory_gib"])
    teller.tell("ready")
    teller.begin()
    try:
        for report in run_order(Order(**order), teller, given["start"]):
            teller.tell("report", report=report.model_dump(mode="json"))
    except errors.BpframeError as error:
        teller.tell(
            "error", kind=type(error).__name__, problem=error.problem, expected=error.expected,
            received=error.received, hint=error.hint, rows=error.rows,
        )  # fmt: skip
        return
    teller.tell("end")
