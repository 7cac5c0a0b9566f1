"""A program is run recorded and with every component called; what can be seen of it must be the same, bit by bit.

A third run knows nothing of repeating: each of its passes is the first of an engine, and components are shut off from
one another, so that none can change what others hold. It is compared to rounding: arrays lie otherwise in memory.
"""

from __future__ import annotations

import contextlib
import copy
import linecache
import os
import pickle
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

import bpframe as bp
from bpframe.machine.lanes import Lane

from . import bank, forms
from .apart import apart
from .bank import chance
from .program import Program
from .seeing import Finding, Run, See

__all__ = ["Finding", "compare", "findings"]


@contextlib.contextmanager
def conditions(record: bool):
    """Components as new, sources of chance that count calls, and records wanted or not."""
    before = {name: getattr(module, attribute) for name, (module, attribute) in chance.sources.items()}
    errors, wanted = np.geterr(), os.environ.pop("BPFRAME_RECORD", None)
    stands = chance.stands
    try:
        if not record:
            os.environ["BPFRAME_RECORD"] = "off"
        bank.fresh()
        for name, (module, attribute) in chance.sources.items():
            setattr(module, attribute, stands[name])
        yield
    finally:
        for name, (module, attribute) in chance.sources.items():
            setattr(module, attribute, before[name])
        np.seterr(**errors)
        os.environ.pop("BPFRAME_RECORD", None)
        if wanted is not None:
            os.environ["BPFRAME_RECORD"] = wanted
        bank.fresh()


@contextlib.contextmanager
def every_pass_is_a_first():
    """Have nothing kept from one pass to the next."""
    kept = Lane.kept
    Lane.kept = lambda self, key: None
    try:
        yield
    finally:
        Lane.kept = kept


def shown(program: Callable[[See, Any], None], record: bool, components: Any = bank) -> Run:
    """Run a program and return what it showed."""
    see = See()
    with conditions(record):
        program(see, components)
        return see.finish()


def compare(program: Callable[[See, Any], None], tags: Collection[str] = ()) -> list[Finding]:
    """Return what is wrong with how a program runs."""
    recorded, called = shown(program, True), shown(program, False)
    found = [Finding(each.kind, each.call, f"recorded. {each.detail}") for each in recorded.found]
    found += [Finding(each.kind, each.call, f"called. {each.detail}") for each in called.found]
    found += _untyped(recorded, "recorded") + _untyped(called, "called")
    found += _alarms(recorded)
    found += _differences(recorded, called)
    if "layout" not in tags:
        with every_pass_is_a_first():
            found += _reached(called, shown(program, False, apart))
    return found


def findings(program: Program) -> list[Finding]:
    """Return what is wrong with how a program of the generator runs."""
    return compare(made(program), program.tags)


def made(program: Program) -> Callable[[See, Any], None]:
    """Return a program's function."""
    namespace = {name: getattr(forms, name) for name in forms.__all__}
    namespace |= {"np": np, "bp": bp, "copy": copy, "os": os, "pickle": pickle}
    source, name = program.function, f"<program {program.seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), namespace)
    return namespace["program"]


def _untyped(run: Run, how: str) -> list[Finding]:
    """Return one finding for each error without a name."""
    first = {each.message: each for each in reversed(run.seen) if not each.typed}
    return [Finding("an untyped error", each.call, f"{how}. {message}") for message, each in first.items()]


def _alarms(run: Run) -> list[Finding]:
    return [
        Finding("an alarm", each.call, f"{dict(each.warned)}") for each in run.seen if each.warned["StaleRecordWarning"]
    ]


def _differences(recorded: Run, called: Run) -> list[Finding]:
    """Compare two runs call by call; what is different once makes the rest different: the first alone is told."""
    for one, other in zip(recorded.seen, called.seen, strict=True):
        if one.error != other.error:
            return [
                Finding(
                    "another error",
                    one.call,
                    f"recorded {one.error or 'a value'}, called {other.error or 'a value'}\n"
                    + (one.message or other.message),
                )
            ]
        if one.value != other.value:
            return [Finding("a difference", one.call, "recorded and called")]
        if _others(one.warned) != _others(other.warned):
            return [Finding("other warnings", one.call, f"recorded {dict(one.warned)}, called {dict(other.warned)}")]
    for name, count in called.left.items():
        if recorded.left[name] != count:
            told = f"{recorded.left[name]}, called {count}" if len(str(count)) < 60 else "another place"
            return [Finding("other calls", "the end", f"{name}: recorded {told}")]
    return []


def _others(warned: Counter[str]) -> Counter[str]:
    """Leave out alarms, which are a finding of their own, and what is said once for a process.

    NumPy's own warnings may come once more where what is understood is done again to look at it.
    """
    left = {name: count for name, count in warned.items() if name not in ("StaleRecordWarning", "DraftWarning")}
    return Counter({name: min(count, 1) if name == "RuntimeWarning" else count for name, count in left.items()})


def _reached(called: Run, alone: Run) -> list[Finding]:
    """Compare with the run of components that cannot reach one another; an error that has a name ends it."""
    for one, other in zip(called.seen, alone.seen, strict=True):
        if one.is_copy:
            continue  # the classes that are shut off cannot be found by their names
        if one.error or other.error:
            return []
        if not close(one.live, other.live):
            return [Finding("other numbers than in a first pass", one.call, "called, and apart")]
    return []


def close(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray | float) and isinstance(other, np.ndarray | float):
        one, other = np.asarray(one), np.asarray(other)
        if one.shape != other.shape:
            return False
        tolerance = 1e-3 if one.dtype == np.float32 else 1e-8
        size = max(float(np.abs(other).max(initial=0)), 1.0) if np.isfinite(other).all() else 1.0
        return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance * size, equal_nan=True))
    if hasattr(one, "vector"):
        return close(one.vector, other.vector)
    if hasattr(one, "matrix"):
        return close(one.matrix, other.matrix)
    if isinstance(one, Mapping):
        return all(close(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list):
        return all(map(close, one, other))
    return True
