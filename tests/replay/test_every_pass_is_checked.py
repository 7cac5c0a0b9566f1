"""What is not understood may return something else in any pass: it is held against what it declares in each."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import ContractError, ShapeMismatch
from bpframe.extend import Activation, Array, Cost, Diagonal, Layer, Operator, Optimizer, State

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
LATE = 25

#: How often something was called, which makes whoever looks at it one that is called in every pass.
calls = itertools.count()


def late() -> bool:
    return next(calls) >= LATE


class OneRow(Activation):
    def forward(self, x: Array) -> Array:
        return 2 * x[:1] if late() else 2 * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, 2))


class OneState(Layer):
    def initial_state(self, features: int) -> dict[str, State]:
        return {"mean": State((features,), init=0.0)}

    def forward(self, x: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        return x * 1, {"mean": np.zeros(1) if late() else state["mean"]}

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


class Total(Cost):
    def forward(self, a: Array, y: Array) -> Array:
        each = ((a - y) ** 2).sum(axis=1)
        return each.sum() if late() else each

    def jacobian(self, a: Array, y: Array) -> Array:
        return 2 * (a - y)


class OneGradient(Cost):
    def forward(self, a: Array, y: Array) -> Array:
        return ((a - y) ** 2).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return 2 * (a - y)[:1] if late() else 2 * (a - y)


class OneStep(Optimizer):
    def update(self, gradient: Array) -> Array:
        return -1e-3 * gradient[:1] if late() else -1e-3 * gradient


def network(*layers: Layer, cost: Cost | None = None) -> bp.Network:
    return bp.Network([Dense(units=3), *layers], cost=cost or QuadraticCost(), input_shape=(3,))


DOING: dict[str, Callable[[bp.Network], object]] = {
    "cost": lambda net: net.cost(X, Y),
    "gradient": lambda net: net.gradient(X, Y),
    "fit": lambda net: net.fit(X, Y, optimizer=GradientDescent(learning_rate=1e-3), epochs=1),
}


@pytest.mark.parametrize("kind", [OneRow, OneState, Total, OneGradient])
@pytest.mark.parametrize("doing", DOING)
@pytest.mark.parametrize("recording", ["on", "off"])
def test_a_shape_that_changes_after_many_passes_is_refused(
    kind: type, doing: str, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (kind, doing) == (OneGradient, "cost"):
        pytest.skip("a cost takes no gradient")
    monkeypatch.setenv("BPFRAME_RECORD", recording)
    monkeypatch.setitem(globals(), "calls", itertools.count())
    net = network(cost=kind()) if issubclass(kind, Cost) else network(kind())

    def often() -> None:
        for _ in range(LATE + 5):
            DOING[doing](net)

    with pytest.raises((ContractError, ShapeMismatch), match=r"must return|than declared"):
        often()
    assert LATE <= next(calls) <= LATE + 5  # by the first pass that did


def test_an_optimizers_shape_that_changes_after_many_steps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "calls", itertools.count())
    with pytest.raises(ContractError, match="must return Δθ"):
        network().fit(X, Y, optimizer=OneStep(), epochs=LATE + 5)


class Scaled(Activation):
    def forward(self, x: Array) -> Array:
        return factor * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, factor))


factor = 2.0


def test_a_trace_outlives_a_constant_that_was_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(Scaled())
    for _ in range(LATE):
        net.cost(X, Y)
    trace = net.trace(X)
    monkeypatch.setitem(globals(), "factor", 3.0)
    net.cost(X, Y)
    np.testing.assert_array_equal(trace.jacobian("scaled_1")["x"].jvp(np.ones_like(X)), np.full_like(X, 3.0))
