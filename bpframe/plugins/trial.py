"""Whether a plugin set can be loaded without ending or stopping the process, found out in another one.

An `os._exit` or an endless loop at import cannot be caught where it runs. So the command line loads a set that it has
not met before in a process apart first, and remembers the verdict in the cache folder. Whoever loads plugin sets
heeds it: one that failed its trial is not imported until its module changes, or `bpframe plugins --retry`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from bpframe.errors import RegistryError
from bpframe.machine.apart import Apart, Ending, Replies
from bpframe.machine.cache import cached, recalled, remember
from bpframe.machine.ownership import is_owned
from bpframe.plugins.hooks import GROUP
from bpframe.plugins.installed import installed, is_ours
from bpframe.plugins.loading import load_set
from bpframe.plugins.plugin_set import Provider

__all__ = ["VARIABLE", "forget_trials", "load_each", "verdicts"]

#: The environment variable that says how many seconds the loading of one set may take in its trial.
VARIABLE = "BPFRAME_IMPORT_LIMIT"

LIMIT = 10.0

#: Seconds after which the user is told what takes so long.
NOTICE = 2.0

FORMAT = 1

Points = Sequence[tuple[EntryPoint, Provider]]


def verdicts(points: Points) -> list[str | None]:
    """Return, for each entry point, why it must not be imported here; None where nothing is known against it.

    What came with bpframe itself needs no trial. In a process that is not our own, a set without a verdict has none.
    """
    subjects = {index: _Subject.of(*each) for index, each in enumerate(points) if not is_ours(each[1])}
    found = {index: subject.recall() for index, subject in subjects.items()}
    unknown = [index for index, verdict in found.items() if verdict is None]
    if unknown and is_owned():
        for index, reason in zip(unknown, _tried([points[index][0] for index in unknown]), strict=True):
            found[index] = _Verdict(reason)
            subjects[index].remember(reason)
    return [verdict.reason if (verdict := found.get(index)) else None for index in range(len(points))]


def forget_trials() -> None:
    """Forget the verdicts on all installed sets, so that they are tried again."""
    for each in installed():
        with contextlib.suppress(OSError):
            if path := _Subject.of(*each).path:
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Verdict:
    reason: str | None


@dataclass(frozen=True)
class _Subject:
    """What a verdict is about: an entry point, where its module lies, and which version of that file."""

    key: str
    name: str
    stamp: list[int]

    @classmethod
    def of(cls, point: EntryPoint, provider: Provider) -> _Subject:
        module = point.value.partition(":")[0].strip().partition(".")[0]
        origin, stamp = "", [0, 0]
        with contextlib.suppress(Exception):  # finders on the path may be anybody's
            spec = importlib.util.find_spec(module)
            origin = (spec.origin or "") if spec is not None else ""
            found = Path(origin).stat()
            stamp = [found.st_mtime_ns, found.st_size]
        parts = [provider.set, provider.distribution, provider.version, point.value, origin, sys.version]
        return cls(hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32], provider.set, stamp)

    @property
    def path(self) -> Path | None:
        return cached("trials", f"{self.key}.json")

    def recall(self) -> _Verdict | None:
        """Return the verdict; None where there is none, or one against another version of the file."""
        found = recalled(self.path)
        if found.get("format") != FORMAT or "reason" not in found:
            return None
        reason = found["reason"]
        known = reason is None or (isinstance(reason, str) and found.get("stamp") == self.stamp)
        return _Verdict(reason) if known else None

    def remember(self, reason: str | None) -> None:
        remember(self.path, {"format": FORMAT, "set": self.name, "stamp": self.stamp, "reason": reason})


def _tried(points: Sequence[EntryPoint]) -> list[str | None]:
    """Load entry points in other processes, as many to each as it survives; return the reasons against them."""
    limit = _limit()
    message = f"Trying new plugin sets in another process: {len(points)}, of which each may take {limit:g} s"
    notice = threading.Timer(NOTICE, print, [message], {"file": sys.stderr, "flush": True})
    notice.daemon = True
    notice.start()
    found: list[str | None] = []
    try:
        while len(found) < len(points):
            found += _one_process(points[len(found) :], limit)
    finally:
        notice.cancel()
    return found


def _limit() -> float:
    stated = os.environ.get(VARIABLE)
    if stated is None:
        return LIMIT
    try:
        limit = float(stated)
    except ValueError:
        limit = -1.0
    if not 0 < limit < 1e6:
        raise RegistryError(f"{VARIABLE} is no time limit", expected="a number of seconds", received=repr(stated))
    return limit


def _one_process(points: Sequence[EntryPoint], limit: float) -> list[str | None]:
    """Load entry points in one other process; return the reasons as far as it came."""
    order = {"path": sys.path, "limit": limit, "points": [[each.name, each.value] for each in points]}
    with Apart(load_each, order) as process:
        if process.reply() is None:
            return [None] * len(points)  # it never came as far as a plugin: nothing is known against any
        for number in range(len(points)):
            process.begin(limit)
            if process.reply() is None:
                return [None] * number + [_reason(process.ending(), limit)]
    return [None] * len(points)


def _reason(ending: Ending, limit: float) -> str:
    if not ending.overran:
        return f"loading it ends the process: {ending.cause}"
    place = "".join(f", at line {line} of {Path(file).name}" for file, line, _ in ending.frames[:1])
    return f"loading it did not end within {limit:g} s{place} ({VARIABLE}=SECONDS allows more)"


def load_each(order: dict[str, Any]) -> None:
    """Load the entry points of an order, in the other process, and tell before each and at the end."""
    sys.path[:] = order["path"]
    replies = Replies(printed=os.open(os.devnull, os.O_WRONLY))
    for name, value in order["points"]:
        replies.tell(begins=name)
        replies.begin(order["limit"])
        load_set(EntryPoint(name, value, GROUP), Provider(name))
    replies.tell(ends=True)
    os._exit(0)  # without waiting for threads that a plugin may have started
