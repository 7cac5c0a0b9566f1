"""Components whose calls count: each call must be made, once."""

from __future__ import annotations

import functools
import io
import itertools
import types
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Activation, Diagonal

from . import helpers
from .registry import Plain, behaviour

COUNT = 0
counts = {"forward": 0, "jacobian": 0}
numbers = itertools.count(1)
place = types.SimpleNamespace(calls=0)
sink = io.StringIO()
log: list[str] = []


def fresh():
    global COUNT, numbers, stream, closed
    COUNT = 0
    counts.update(forward=0, jacobian=0)
    numbers = itertools.count(1)
    place.calls = 0
    sink.seek(0)
    sink.truncate()
    log.clear()
    stream = streaming()
    closed = counting_closure()
    ClassCounter.calls = 0
    numbered.cache_clear()


def streaming():
    number = 0.0
    while True:
        number += 0.01
        yield number


def counting_closure():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return x * (1 + 0.01 * calls)

    return counted


stream = streaming()
closed = counting_closure()


@functools.lru_cache
def numbered(shape):
    return 1 + 0.01 * next(numbers)


def bumped(number):
    counts["forward"] += 1
    return number * (1 + 0.001 * counts["forward"])


@behaviour("impure")
class GlobalCounter(Plain):
    def forward(self, x):
        global COUNT
        COUNT += 1
        return x * (1 + 0.01 * COUNT)


@behaviour("impure")
class OnlyCounts(Plain):
    """Counts, and computes what it would anyway."""

    def forward(self, x):
        counts["forward"] += 1
        return np.tanh(x)


@behaviour("impure")
class CountsJacobians(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x):
        counts["jacobian"] += 1
        return Diagonal(np.full_like(x, 1 / counts["jacobian"]))


@behaviour("impure")
class ClassCounter(Plain):
    calls: ClassVar[int] = 0

    def forward(self, x):
        ClassCounter.calls += 1
        return x / ClassCounter.calls


@behaviour("impure")
class FieldList(Plain):
    """A list in a field is as mutable as any."""

    seen: list[float] = []  # noqa: RUF012 (a field: every instance has its own)

    def forward(self, x):
        self.seen.append(0.0)
        return x * (1 + 0.01 * len(self.seen))


@behaviour("impure")
class Closure(Plain):
    def forward(self, x):
        return closed(x)


@behaviour("impure")
class DefaultArgument(Plain):
    def forward(self, x):
        return helpers.remembered(x)


@behaviour("impure")
class TwoLevelsDeep(Plain):
    def forward(self, x):
        return helpers.counted(x)


@behaviour("impure")
class NextNumber(Plain):
    def forward(self, x):
        return x * (1 + 0.01 * next(numbers))


@behaviour("impure")
class NextOfGenerator(Plain):
    def forward(self, x):
        return x + next(stream)


@behaviour("impure")
class Namespace(Plain):
    def forward(self, x):
        place.calls += 1
        return x - 0.01 * place.calls


@behaviour("impure")
class CachedFunction(Plain):
    """The first call for a shape decides."""

    def forward(self, x):
        return x * numbered(x.shape)


@behaviour("impure")
class Prints(Plain):
    def forward(self, x):
        print(x.shape, file=sink)
        return np.tanh(x)


@behaviour("impure")
class Appends(Activation):
    def forward(self, x):
        log.append("forward")
        return np.tanh(x)

    def jacobian(self, y):
        log.append("jacobian")
        return Diagonal(1 - y * y)


@behaviour("impure", "warns")
class Warns(Plain):
    def forward(self, x):
        warnings.warn("a component's own warning", UserWarning, stacklevel=1)
        return np.tanh(x)


@behaviour("slow", "impure")
class VectorisedCallback(Plain):
    def forward(self, x):
        return np.vectorize(bumped, otypes=[x.dtype])(x)


@behaviour("slow", "impure")
class AlongAxisCallback(Plain):
    def forward(self, x):
        return np.apply_along_axis(bumped, -1, x)


@behaviour("slow", "impure")
class OwnUfunc(Plain):
    def forward(self, x):
        return np.frompyfunc(bumped, 1, 1)(x).astype(x.dtype)


@behaviour("impure")
class Piecewise(Plain):
    def forward(self, x):
        return np.piecewise(x, [x > 0], [bumped, lambda v: 0.5 * v])


@behaviour("impure", arguments="function=bank.counting.bumped")
class FunctionField(Plain):
    function: Callable[..., Any]

    def forward(self, x):
        return self.function(x)


@behaviour("impure")
class RaisesLater(Plain):
    """Fails in its twelfth call, and goes on."""

    def forward(self, x):
        counts["forward"] += 1
        if counts["forward"] == 12:
            raise ValueError("the twelfth call")
        return np.tanh(x)


@behaviour("impure")
class EveryThird(Plain):
    def forward(self, x):
        counts["forward"] += 1
        return np.sin(x) if counts["forward"] % 3 == 0 else np.tanh(x)


@behaviour("impure")
class WarmsUp(Plain):
    """Computes something else after twenty calls, as a schedule does."""

    def forward(self, x):
        counts["forward"] += 1
        return x * (0.5 if counts["forward"] <= 20 else 0.75)


@behaviour("impure")
class Saying(Plain):
    """Says that it has effects: called every time already today."""

    has_effects: ClassVar[bool] = True

    def forward(self, x):
        counts["forward"] += 1
        return x * (1 + 0.01 * counts["forward"])
