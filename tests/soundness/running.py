"""A program is run recorded and with every component called; what can be seen of it must be the same, bit by bit.

A third run shuts components off from one another: no component may change what others hold.
"""

from __future__ import annotations

import contextlib
import copy
import linecache
import os
import pickle
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import bpframe as bp
from bpframe.errors import BpframeError
from bpframe.history import History

from . import bank, forms
from .apart import apart
from .bank import chance
from .program import Program

__all__ = ["Finding", "compare", "findings"]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it has to be: what kind, at which call, in which run, and what was seen."""

    kind: str
    call: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.call}: {self.detail}"


@dataclass
class Seen:
    """What one call gave: a value, frozen, or an error, and the warnings."""

    call: str
    value: Any = None
    error: str = ""
    message: str = ""
    typed: bool = True
    warned: Counter[str] = field(default_factory=Counter)
    live: Any = None


@dataclass
class Run:
    """What a program showed."""

    seen: list[Seen] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    left: dict[str, object] = field(default_factory=dict)


class See:
    """What a program calls through, so that what happens is noted."""

    def __init__(self) -> None:
        self.run = Run()
        self._watched: list[Any] = []
        self._networks: list[bp.Network] = []

    def watch(self, *arrays: Any) -> None:
        """Hold these arrays, which are the user's, against what they were, before and after each call."""
        self._watched += arrays

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of a network."""
        network = getattr(function, "__self__", None)
        training = getattr(function, "__name__", "") == "fit"

        def call():
            found = function(*args, **kwargs)
            return (found, network.parameters.vector.copy(), network.state) if training else found

        return self._noted(getattr(function, "__qualname__", str(function)), call, args)

    def values(self, network: bp.Network, x: Any) -> Any:
        """Look at every node's value."""
        names = [each.name for each in network.graph.nodes]

        def traced():
            trace = network.trace(x)
            return {name: trace[name] for name in names}

        return self._noted("trace", traced, (x,))

    def copy(self, copied: Callable[[bp.Network], bp.Network], network: bp.Network) -> bp.Network:
        """Go on with a copy; where that is refused, with the network."""
        made: list[bp.Network] = []

        def call():
            made.append(copied(network))
            vector = network.parameters.vector.copy()
            made[0].parameters.vector[...] *= 0.5
            independent = bool(np.array_equal(vector, network.parameters.vector))
            made[0].parameters.vector[...] = vector
            return independent

        self._noted("copy", call, ())
        if self.run.seen[-1].value == ("bool", "False"):
            self._find("a copy is not independent", "parameters are the network's")
        return made[0] if made and not self.run.seen[-1].error else network

    def twin(self, network: bp.Network, made: Callable[[], bp.Network], x: Any) -> None:
        """Hold a network against a new one with its parameters."""
        twin = made()
        twin.parameters.vector[...] = network.parameters.vector

        def call():
            return frozen(network.predict(x)) == frozen(twin.predict(x))

        self._noted("twin", call, (x,))
        if self.run.seen[-1].value == ("bool", "False"):
            self._find("a used network predicts other numbers than a new one with its parameters", "predict")

    def threads(self, *calls: Callable[[], Any], times: int) -> None:
        """Make each call in a thread of its own, again and again: it gives what it gives alone."""
        alone = [frozen(attempted(call)) for call in calls]
        found: list[list[Any]] = [[] for _ in calls]

        def work(number: int) -> None:
            found[number] = [frozen(attempted(calls[number])) for _ in range(times)]

        def together():
            workers = [threading.Thread(target=work, args=(number,)) for number in range(len(calls))]
            before = sys.getswitchinterval()
            sys.setswitchinterval(1e-6)
            try:
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()
            finally:
                sys.setswitchinterval(before)

        self._noted("threads", together, ())
        wrong = sum(each != right for right, results in zip(alone, found, strict=True) for each in results)
        if wrong:
            self._find("a thread gets another's numbers", f"{wrong} of {times * len(calls)} results")

    def finish(self) -> Run:
        """Hold results that were handed out against what they were then."""
        for each in self.run.seen:
            if each.live is not None and frozen(each.live) != each.value:
                self.run.found.append(Finding("a result was changed after it was handed out", each.call, ""))
        self.run.left = bank.left()
        return self.run

    def _noted(self, name: str, call: Callable[[], Any], args: Any) -> Any:
        run = self.run
        seen = Seen(f"call {len(run.seen)}, {line_of_program() or name}")
        run.seen.append(seen)
        before = frozen((self._watched, args))
        result = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = call()
                seen.value = frozen(result)
                seen.live = result if name != "copy" else None
            except BpframeError as error:
                seen.error, seen.message = type(error).__name__, str(error)
            except Exception as error:
                seen.error, seen.typed, seen.message = type(error).__name__, False, where(error)
        seen.warned = Counter(each.category.__name__ for each in caught)
        if frozen((self._watched, args)) != before:
            self._find("the user's array was changed", name)
        return result

    def _find(self, kind: str, detail: str) -> None:
        self.run.found.append(Finding(kind, self.run.seen[-1].call, detail))


def line_of_program() -> str:
    """Return the line of the program that is being run."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "program":
        frame = frame.f_back
    return "" if frame is None else linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({os.path.basename(last.filename)}:{last.lineno})"  # noqa: PTH119


def attempted(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except BpframeError as error:
        return type(error).__name__


def frozen(value: Any) -> Any:
    """Return what stands for a value to the last bit, and does not change with it."""
    if isinstance(value, np.ndarray | np.generic):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, History):
        told = [(each.epoch, each.cost, each.validation_cost, sorted(each.figures.items())) for each in value.epochs]
        return ("history", repr(told), value.stopped, value.steps)
    if hasattr(value, "vector") and isinstance(value, Mapping):
        return ("vector", tuple(value), frozen(value.vector))
    if hasattr(value, "matrix") and isinstance(value, Mapping):
        return ("matrix", tuple(value), frozen(value.matrix))
    if isinstance(value, Mapping):
        return tuple((str(name), frozen(each)) for name, each in value.items())
    if isinstance(value, tuple | list):
        return tuple(frozen(each) for each in value)
    if isinstance(value, float):
        return ("float", np.float64(value).tobytes())
    if hasattr(value, "__dataclass_fields__"):
        return tuple((name, frozen(getattr(value, name))) for name in value.__dataclass_fields__)
    if isinstance(value, bool | int | str) or value is None:
        return (type(value).__name__, str(value))
    return (type(value).__name__,)


@contextlib.contextmanager
def conditions(record: bool):
    """Components as new, sources of chance that count calls, and records wanted or not."""
    before = {name: getattr(module, attribute) for name, (module, attribute) in chance.sources.items()}
    errors, wanted = np.geterr(), os.environ.pop("BPFRAME_RECORD", None)
    stands = dict(urandom=chance.clock.bytes, time_ns=chance.clock.nanoseconds, default_rng=chance.clock.generator)
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


def shown(program: Callable[[See, Any], None], record: bool, components: Any = bank) -> Run:
    """Run a program and return what it showed."""
    see = See()
    with conditions(record):
        program(see, components)
        return see.finish()


def compare(program: Callable[[See, Any], None], tags: frozenset[str] = frozenset()) -> list[Finding]:
    """Return what is wrong with how a program runs."""
    recorded, called = shown(program, True), shown(program, False)
    found = [Finding(each.kind, each.call, f"recorded. {each.detail}") for each in recorded.found]
    found += [Finding(each.kind, each.call, f"called. {each.detail}") for each in called.found]
    found += _untyped(recorded, "recorded") + _untyped(called, "called")
    found += _alarms(recorded)
    found += _differences(recorded, called)
    if "layout" not in tags:
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
    return [Finding("an untyped error", each.call, f"{how}. {each.message}") for each in run.seen if not each.typed]


def _alarms(run: Run) -> list[Finding]:
    return [Finding("an alarm", each.call, f"{dict(each.warned)}") for each in run.seen if each.warned["StaleRecordWarning"]]


def _differences(recorded: Run, called: Run) -> list[Finding]:
    """Compare two runs call by call; what is different once makes the rest different: the first alone is told."""
    for one, other in zip(recorded.seen, called.seen, strict=True):
        if one.error != other.error:
            return [Finding("another error", one.call, f"recorded {one.error or 'a value'}, called {other.error or 'a value'}\n{one.message or other.message}")]
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
    return Counter({name: count for name, count in warned.items() if name != "StaleRecordWarning"})


def _reached(called: Run, alone: Run) -> list[Finding]:
    """Compare with the run of components that cannot reach one another; an error that has a name ends it."""
    for one, other in zip(called.seen, alone.seen, strict=True):
        if one.error or other.error:
            return []
        if not close(one.live, other.live):
            return [Finding("a component reached another's memory", one.call, "called, and shut off from one another")]
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
