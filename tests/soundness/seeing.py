"""What a program shows: each call's value or error, frozen, its warnings, and whether anybody's arrays changed."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import bpframe as bp
from bpframe.errors import BpframeError
from bpframe.training.history import History

from . import bank
from .at_once import at_once

__all__ = ["Finding", "Run", "See"]


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
    is_copy: bool = False


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
        self._watched: list[np.ndarray] = []

    def watch(self, *arrays: Any) -> None:
        """Hold these arrays, which are the user's, against what they were, before and after each call."""
        self._watched += arrays_in(arrays)

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
        self.run.seen[-1].is_copy = True
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

        self._noted("threads", lambda: at_once(work, len(calls)), ())
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
        given = [*self._watched, *arrays_in(args)]
        before = [(*layout(each), each.tobytes()) for each in given]
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
        if [(*layout(each), each.tobytes()) for each in given] != before:
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


def arrays_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [array for each in value for array in arrays_in(each)] if isinstance(value, tuple | list) else []


def layout(array: np.ndarray) -> tuple[Any, ...]:
    return array.shape, array.strides, array.dtype, array.flags.writeable


def attempted(call: Callable[[], Any]) -> Any:
    """Return what a call gives, or the name of its error, which no thread may have where it has none alone."""
    try:
        return call()
    except Exception as error:
        return type(error).__name__


def frozen(value: Any) -> Any:
    """Return what stands for a value to the last bit, and does not change with it."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if type(value) is dict:
        return tuple([(name, frozen(each)) for name, each in value.items()])
    if isinstance(value, np.generic):
        return (value.dtype.str, (), value.tobytes())
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
