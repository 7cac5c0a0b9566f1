"""What a repeated pass read counts as soon as it is replaced, hidden or written into, wherever it stands."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.extend import Activation, Diagonal
from tests.passes import evaluations

LOCKED = np.array([1.0, 2.0, 3.0])
EARLIER = LOCKED[:2]
LOCKED.setflags(write=False)
PAIR = (LOCKED, 2.0)


def doubled(x):
    return 2 * x


def tripled(x):
    return 3 * x


class Plain(Activation):
    FACTOR: ClassVar[float] = 2.0

    def twice(self, x):
        return 2 * x

    def forward(self, x):
        return 2 * x

    def jacobian(self, x):
        return Diagonal(2 + 0 * x)


class ReadsFactor(Plain):
    def forward(self, x):
        return self.FACTOR * x


class ReadsFactorByClass(Plain):
    def forward(self, x):
        return ReadsFactorByClass.FACTOR * x


class CallsMethod(Plain):
    def forward(self, x):
        return self.twice(x)


class Middle(Plain):
    """Between a class and what it inherits."""


class CallsSuper(Middle):
    def forward(self, x):
        return super().forward(x) + 1


class CallsBuiltin(Plain):
    def forward(self, x):
        return abs(x)


class CallsNumPy(Plain):
    def forward(self, x):
        return np.tanh(x)


class CallsFunction(Plain):
    def forward(self, x):
        return doubled(x)


class ReadsArray(Plain):
    def forward(self, x):
        return x * LOCKED.sum()


class ReadsTuple(Plain):
    def forward(self, x):
        return x * (PAIR[0] * PAIR[1])


class Inherits(ReadsFactor):
    """Nothing of its own."""


def shifted(x, by=1.0):
    return x + by


class CallsWithDefault(Plain):
    def forward(self, x):
        return shifted(2 * x)


def unlocked(patch):
    LOCKED.setflags(write=True)
    LOCKED[1] = 7.0
    LOCKED.setflags(write=False)


def by_view(patch):
    EARLIER[0] = 9.0


CASES = {
    "a subclass hides a variable": (Inherits, lambda patch: patch.setattr(Inherits, "FACTOR", 5.0)),
    "the class hides a variable": (ReadsFactor, lambda patch: patch.setattr(ReadsFactor, "FACTOR", 5.0)),
    "read by the class": (ReadsFactorByClass, lambda patch: patch.setattr(ReadsFactorByClass, "FACTOR", 5.0)),
    "the class hides a method": (CallsMethod, lambda patch: patch.setattr(CallsMethod, "twice", lambda self, x: 5 * x)),
    "between it and super": (CallsSuper, lambda patch: patch.setattr(Middle, "forward", lambda self, x: 5 * x)),
    "the module hides a builtin": (
        CallsBuiltin, lambda patch: patch.setitem(globals(), "abs", lambda x: 5 * x),
    ),
    "a function of NumPy's": (CallsNumPy, lambda patch: patch.setattr(np, "tanh", lambda x: 5 * x)),
    "the code of a function": (CallsFunction, lambda patch: patch.setattr(doubled, "__code__", tripled.__code__)),
    "the defaults of a function": (CallsWithDefault, lambda patch: patch.setattr(shifted, "__defaults__", (4.0,))),
    "a locked array is unlocked": (ReadsArray, unlocked),
    "a view from before the lock": (ReadsArray, by_view),
    "an array in a tuple": (ReadsTuple, by_view),
}  # fmt: skip


def as_at_first():
    LOCKED.setflags(write=True)
    LOCKED[...] = [1.0, 2.0, 3.0]
    LOCKED.setflags(write=False)


def asked(component, change, patch, record):
    """Every answer of thirty passes, with a change in between."""
    patch.setenv("BPFRAME_RECORD", record)
    net = bp.Network([Dense(units=3), component], cost=QuadraticCost(), input_shape=(2,), seed=0)
    generator = np.random.default_rng(0)
    found = []
    for number in range(30):
        if number == 20:
            assert record == "off" or any(each.is_bound for each in evaluations(net))
            change(patch)
        x, y = generator.normal(size=(4, 2)), generator.normal(size=(4, 3))
        found += [net.predict(x), net.cost(x, y), *net.gradient(x, y).values()]
    return found


@pytest.mark.parametrize("case", CASES)
def test_it_counts_in_the_next_pass(case) -> None:
    cls, change = CASES[case]
    called, recorded = (run(cls, change, record) for record in ("off", "on"))
    for one, other in zip(called, recorded, strict=True):
        np.testing.assert_array_equal(one, other)


def run(cls, change, record):
    with pytest.MonkeyPatch.context() as patch:
        try:
            return asked(cls(), change, patch, record)
        finally:
            as_at_first()


def test_a_trace_from_before_has_its_jacobians(monkeypatch) -> None:
    """The component was handed what all are handed: it was understood then."""
    net = bp.Network([Dense(units=3), ReadsFactor()], cost=QuadraticCost(), input_shape=(2,), seed=0)
    x = np.ones((4, 2))
    trace = net.trace(x)
    for _ in range(20):
        net.predict(x)
    monkeypatch.setattr(ReadsFactor, "FACTOR", 5.0)
    net.predict(x)
    np.testing.assert_array_equal(trace.jacobian("reads_factor_1")["x"].vjp(np.ones((4, 3))), np.full((4, 3), 2.0))
