"""Networks that are computed by bpframe and, from the same numbers, by other frameworks.

Each case is a bpframe network and the same function written out with `@`, `+`, `*` and a sigmoid that the caller
passes, so that one text serves PyTorch, JAX and autograd alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from bpframe_reference import Add, Dense, GradientDescent, Multiply, QuadraticCost, Shift, Sigmoid

import bpframe as bp

BATCH = 4
RATE = 0.7
STEPS = 3


def chain(p, x, sigmoid, layers, bias=True, activate=True):
    for layer in range(1, layers + 1):
        x = x @ p[f"dense_{layer}.w"].T
        if bias:
            x = x + p[f"dense_{layer}.b"]
        if activate:
            x = sigmoid(x)
    return x


def diamond(p, x, sigmoid):
    """Fan-out, a shared layer used twice, a product and a sum of paths."""
    h = sigmoid(x @ p["left.w"].T + p["left.b"])
    g = h @ p["both.w"].T
    k = (g + 1.5) @ p["both.w"].T
    return sigmoid(g * k + h)


@dataclass(frozen=True)
class Case:
    name: str
    network: bp.Network
    function: Any
    features: tuple[int, ...]

    def numbers(self):
        """Return generic parameters, inputs, targets, a cotangent and a tangent, the same on every machine."""
        rng = np.random.default_rng(sum(map(ord, self.name)))
        parameters = {path: rng.standard_normal(shape) for path, shape in self.network.parameters.shapes.items()}
        x = rng.standard_normal((BATCH, *self.features))
        output = (BATCH, *self.network.graph.shapes[self.network.graph.outputs[0]])
        return parameters, x, rng.random(output), rng.standard_normal(output), rng.standard_normal(x.shape)

    def by_bpframe(self):
        """Return every quantity that is compared, as bpframe computes it."""
        parameters, x, y, cotangent, tangent = self.numbers()
        net = self.network
        for path, value in parameters.items():
            net.parameters[path] = value
        found = {
            "output": net.predict(x),
            "cost": np.array(net.cost(x, y)),
            "vjp": net.vjp(x, cotangent),
            "jvp": net.jvp(x, tangent),
            **{f"gradient {path}": value for path, value in net.gradient(x, y).items()},
            **{f"parameter vjp {path}": value for path, value in net.parameter_vjp(x, cotangent).items()},
        }
        net.fit(x, y, optimizer=GradientDescent(learning_rate=RATE), epochs=STEPS, batch_size=BATCH, shuffle=False)
        return found | {f"trained {path}": value.copy() for path, value in net.parameters.items()}


def _chain(name, sizes, bias=True, activate=True, features=None):
    layers = []
    for units in sizes[1:]:
        layers += [Dense(units=units, bias=bias), *([Sigmoid()] if activate else [])]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=features or sizes[:1])
    count = len(sizes) - 1
    return Case(name, network, lambda p, x, s: chain(p, x, s, count, bias, activate), features or sizes[:1])


def cases():
    """Return fresh networks: training changes them."""
    shared = bp.Network(
        inputs={"x": (3,)},
        nodes={
            "left": bp.node(Dense(units=4), "x"),
            "h": bp.node(Sigmoid(), "left"),
            "both": bp.node(Dense(units=4, bias=False), "h"),
            "shifted": bp.node(Shift(by=1.5), "both"),
            "again": bp.node(Dense(units=4, bias=False), "shifted", share="both"),
            "product": bp.node(Multiply(), "both", "again"),
            "sum": bp.node(Add(), "product", "h"),
            "out": bp.node(Sigmoid(), "sum"),
        },
        output="out",
        cost=QuadraticCost(),
    )
    return [
        _chain("2-2-2-1 without biases and activations", (2, 2, 2, 1), bias=False, activate=False),
        _chain("5-4", (5, 4)),
        _chain("5-6-3", (5, 6, 3)),
        _chain("4-5-6-5-4-3-2", (4, 5, 6, 5, 4, 3, 2)),
        _chain("3-4-2 over 5 moments", (3, 4, 2), features=(5, 3)),
        Case("a diamond with shared weights", shared, diamond, (3,)),
    ]


NAMES = [case.name for case in cases()]


def case(name):
    return next(each for each in cases() if each.name == name)
