"""Several trainings of one spec, with other values at some places and other seeds, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from bpframe.documents import read_spec
from bpframe.errors import CheckpointError, SpecError
from bpframe.machine.child_processes import ChildProcesses

__all__ = ["Member", "Outcome", "members_of", "run_members"]

#: A value that can stand in the name of a folder as it is.
_PLAIN = re.compile(r"[\w+-][\w.+-]{0,29}", re.ASCII)

#: How many trainings one sweep may have, and how many at once.
MOST, MOST_JOBS = 10_000, 256


@dataclass(frozen=True)
class Member:
    """One of several trainings: the name of its folder, the values that are its own by path, and its seed."""

    name: str
    changes: Mapping[str, Any]
    seed: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How one of several trainings ended.

    `status` is what the history says, such as "completed", or "failed", "interrupted", or "not begun". `told` is what
    `bpframe train --json` prints, and `message` what it wrote to standard error where it failed.
    """

    member: Member
    folder: Path
    status: str
    told: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


def members_of(grid: Mapping[str, Sequence[Any]], seeds: Sequence[int] = ()) -> list[Member]:
    """Return every combination of the values of a grid, by path, and of the seeds, the last ones changing first.

    Errors: SpecError (two combinations are one, or there are too many of them).
    """
    short = [path.rpartition(".")[2] for path in grid]
    labels = [path if short.count(last) > 1 else last for path, last in zip(grid, short, strict=True)]
    choices = [[(label, place, value) for place, value in enumerate(grid[path], start=1)]
               for label, path in zip(labels, grid, strict=True)]  # fmt: skip
    count = len(seeds) or 1
    for each in choices:
        count *= len(each)
    if count > MOST:
        raise SpecError("the grid has too many trainings", expected=f"at most {MOST:,}", received=f"{count:,}")
    found = []
    last: Sequence[int | None] = seeds or (None,)
    for chosen, seed in product(product(*choices), last):
        words = [f"{label}={_named(value, place)}" for label, place, value in chosen]
        words += [] if seed is None else [f"seed={seed}"]
        changes = {path: value for path, (_, _, value) in zip(grid, chosen, strict=True)}
        found.append(Member(",".join(words).replace("/", "_"), changes, seed))
    names = [each.name for each in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError("the grid has a training twice", received=twice)
    return found


def _named(value: Any, place: int) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _PLAIN.fullmatch(text) else f"value{place}"


def run_members(
    members: Sequence[Member],
    spec: Path,
    output: Path,
    children: ChildProcesses,
    *,
    changes: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
    jobs: int = 1,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Train every member into a folder of its name in `output`, `jobs` of them at once, and return how each ended.

    Each is one `bpframe train`, with `options` as it has them and `changes` of them all, in a process of its own: one
    that fails stops no other. What they reach does not depend on how many run at once. `told` is called as each ends,
    from a thread. They are among `children`, which hand signals on to them: inside of its block this is called.

    Errors: SpecError for a member whose spec is none, CheckpointError for a folder that cannot be made, before any is
    begun.
    """
    for each in members:
        read_spec(spec, changes={**(changes or {}), **each.changes})
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"the folder {output} cannot be made", received=error.strerror) from None
    with ThreadPoolExecutor(min(jobs, MOST_JOBS, len(members))) as pool:
        lock = threading.Lock()

        def run(member: Member) -> Outcome:
            outcome = _run(member, spec, output / member.name, {**(changes or {}), **member.changes}, options, children)
            with lock:
                told(outcome)
            return outcome

        return list(pool.map(run, members))


def _run(
    member: Member,
    spec: Path,
    folder: Path,
    changes: Mapping[str, Any],
    options: Sequence[str],
    children: ChildProcesses,
) -> Outcome:
    words = [sys.executable, "-m", "bpframe", "train", os.fspath(spec), "--output", os.fspath(folder), "--json"]
    words += [word for path, value in changes.items() for word in ("--set", f"{path}={_written(value)}")]
    words += options
    words += [] if member.seed is None else ["--seed", str(member.seed)]
    process = children.begin(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if process is None:
        return Outcome(member, folder, "not begun")
    printed, complained = process.communicate()
    children.ended(process)
    try:
        found = json.loads(printed)
    except ValueError:
        found = {}
    found = found if isinstance(found, dict) else {}
    status = str(found.get("stopped") or "failed")
    if process.returncode not in (0, 130):
        status = "interrupted" if children.asked else "failed"
    return Outcome(member, folder, status, found, complained.decode("utf-8", "replace").strip())


def _written(value: Any) -> str:
    """Return a value as YAML in one line."""
    return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan") if value is not None else "null"
