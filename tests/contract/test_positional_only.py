"""Arguments that may only be given by place, or by keyword, are bound like all others wherever methods are called."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense

import bpframe as bp
from bpframe.extend import Activation, Cost, Diagonal, Initializer, Layer, Optimizer, Parameter
from bpframe.testing import check_component


class Plain(Layer):
    """z = (s + t) x, with every argument by place."""

    def output_shape(self, shape, /):
        return shape

    def parameters(self, features, /):
        return {"s": Parameter((features,), init=Halves()), "t": Parameter((features,), init=0.5)}

    def forward(self, x, p, out, /):
        return np.multiply(p["s"] + p["t"], x, out=out)

    def jacobian(self, x, p, /):
        factor = np.broadcast_to(p["s"] + p["t"], x.shape)
        return {"x": Diagonal(factor), "s": Diagonal(x), "t": Diagonal(x)}


class Named(Activation):
    """y = x²."""

    def forward(self, x, /, *, saved):
        saved["twice"] = 2 * x
        return x * x

    def jacobian(self, *, saved):
        return Diagonal(saved["twice"])

    def second_derivative(self, x, /):
        return np.full_like(x, 2)


class Halves(Initializer):
    """½ everywhere."""

    def draw(self, shape, rng, /):
        return rng.random(shape) * 0 + 0.5


class Distance(Cost):
    """C = ‖a − y‖²."""

    def forward(self, a, y, /):
        return np.square(a - y).sum(axis=1)

    def jacobian(self, a, y, /, *, out):
        return np.multiply(2, a - y, out=out)

    def target_shape(self, shape, /):
        return shape


class Steps(Optimizer):
    """v ← 0.9 v − η ∂C/∂θ,    Δθ = v."""

    def initial_state(self, parameters, /):
        return {"v": np.zeros_like(parameters)}

    def update(self, gradient, state, /, *, step):
        v = 0.9 * state["v"] - 0.01 / (1 + step) * gradient
        return v, {"v": v}


X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.zeros((6, 3))


def network():
    return bp.Network([Dense(units=3), Plain(), Named()], cost=Distance(), input_shape=(3,), seed=0)


def test_every_use_binds_them() -> None:
    net = network()
    net.fit(X, Y, optimizer=Steps(), epochs=3, batch_size=4)
    assert net.check_gradients(X, Y).ok
    for _ in range(30):
        net.predict(X), net.gradient(X, Y)
    net.per_example.gradients(X, Y)
    net.jvp(X, X)
    assert net.jacobian(X).shape == (6, 3, 3)


@pytest.mark.parametrize(
    ("component", "shapes"),
    [(Plain(), [(3,)]), (Named(), [(3,)]), (Distance(), [(3,)]), (Steps(), []), (Halves(), [(4, 2)])],
    ids=lambda each: type(each).__name__,
)
def test_the_kit_binds_them(component, shapes) -> None:
    report = check_component(component, shapes)
    assert report.ok, str(report)
