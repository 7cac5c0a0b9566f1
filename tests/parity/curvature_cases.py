"""Networks whose Jacobians and curvature are computed by bpframe and, from the same numbers, by other frameworks.

Each case is a bpframe network and the same function of one example written out with `@`, `+`, slices and functions that
the caller passes, so that one text serves PyTorch and JAX. BackPACK knows modules alone: a case that it can compute
says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from bpframe_activations import Tanh
from bpframe_convolution import Conv1d, Flatten
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid

import bpframe as bp
from tests.components.attention import Attention
from tests.components.cross_entropy import SoftmaxCrossEntropy

BATCH = 4
ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
COSTS = {"quadratic": QuadraticCost(), "cross-entropy": SoftmaxCrossEntropy()}


@dataclass(frozen=True)
class CurvatureCase:
    """A network, the same function for other frameworks, and the modules that BackPACK computes it with.

    `function(p, x, ops)` takes one example. `modules(torch)` returns PyTorch's modules, `owners` the parameter paths in
    the order of that model's parameters, and `layouts` how ours turn into theirs where they are not the same.
    """

    name: str
    network: bp.Network
    cost: str
    function: Callable[[Mapping[str, Any], Any, Any], Any]
    modules: Callable[[Any], Any] | None = None
    owners: tuple[str, ...] = ()
    layouts: Mapping[str, Callable[[np.ndarray], np.ndarray]] = field(default_factory=dict)
    without: tuple[str, ...] = ()  # what BackPACK cannot compute here
    places: Mapping[str, int] = field(default_factory=dict)  # L, of the layers in which places share a weight

    def numbers(self):
        """Return parameters, inputs, targets, and a change of parameters and of inputs, the same on every machine."""
        rng = np.random.default_rng(sum(map(ord, self.name)))
        shapes = self.network.parameters.shapes
        graph = self.network.graph
        x_shape = (BATCH, *graph.inputs["x"])
        (outputs,) = graph.shapes[graph.outputs[0]]
        parameters = {path: 0.7 * rng.standard_normal(shape) for path, shape in shapes.items()}
        x = rng.standard_normal(x_shape)
        y = rng.standard_normal((BATCH, outputs)) if self.cost == "quadratic" else rng.integers(0, outputs, BATCH)
        change = {path: rng.standard_normal(shape) for path, shape in shapes.items()}
        return parameters, x, y, change, rng.standard_normal(x_shape)


def _dense(p, path, a):
    return a @ p[f"{path}.w"].T + p[f"{path}.b"]


def _convolved(p, path, x, size):
    places = x.shape[0] - size + 1
    return sum(x[s : s + places] @ p[f"{path}.w"][:, s].T for s in range(size)) + p[f"{path}.b"]


def mlp(activation, cost, sizes=(4, 5, 3, 3)):
    layers, count = [], len(sizes) - 1
    for units in sizes[1:-1]:
        layers += [Dense(units=units), ACTIVATIONS[activation]]
    layers.append(Dense(units=sizes[-1]))

    def function(p, x, ops):
        for layer in range(1, count):
            x = getattr(ops, activation)(_dense(p, f"dense_{layer}", x))
        return _dense(p, f"dense_{count}", x)

    def modules(torch):
        found = []
        for m, n in pairwise(sizes):
            found += [torch.nn.Linear(m, n), {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}[activation]()]
        return torch.nn.Sequential(*found[:-1])

    return CurvatureCase(
        f"{activation} chain, {cost}",
        bp.Network(layers, cost=COSTS[cost], input_shape=sizes[:1]),
        cost,
        function,
        modules,
        tuple(f"dense_{layer}.{name}" for layer in range(1, count + 1) for name in "wb"),
    )


def convolution(cost):
    """Two convolutions in a row over a signal of 6 moments and 2 channels."""

    def function(p, x, ops):
        h = ops.tanh(_convolved(p, "conv1d_1", x, 3))
        return _dense(p, "dense_1", _convolved(p, "conv1d_2", h, 2).reshape(-1))

    def modules(torch):
        nn = torch.nn
        return nn.Sequential(nn.Conv1d(2, 2, 3), nn.Tanh(), nn.Conv1d(2, 3, 2), nn.Flatten(), nn.Linear(9, 3))

    layers = [Conv1d(filters=2, kernel_size=3), Tanh(), Conv1d(filters=3, kernel_size=2), Flatten(), Dense(units=3)]
    channels_first = {
        "x": lambda x: x.swapaxes(-1, -2),
        "conv1d_1.w": lambda w: w.swapaxes(-1, -2),
        "conv1d_2.w": lambda w: w.swapaxes(-1, -2),
        "dense_1.w": lambda w: w.reshape(3, 3, 3).swapaxes(1, 2).reshape(3, 9),
    }
    return CurvatureCase(
        f"convolutions, {cost}",
        bp.Network(layers, cost=COSTS[cost], input_shape=(6, 2)),
        cost,
        function,
        modules,
        tuple(f"{layer}.{name}" for layer in ("conv1d_1", "conv1d_2", "dense_1") for name in "wb"),
        channels_first,
        places={"conv1d_1": 4, "conv1d_2": 3},
    )


def residual(cost):
    """x + tanh of a layer, twice."""

    def function(p, x, ops):
        h = x + ops.tanh(_dense(p, "one", x))
        h = h + ops.sigmoid(_dense(p, "two", h))
        return _dense(p, "end", h)

    def modules(torch):
        from backpack.custom_module.branching import Parallel

        nn = torch.nn
        return nn.Sequential(
            Parallel(nn.Identity(), nn.Sequential(nn.Linear(3, 3), nn.Tanh())),
            Parallel(nn.Identity(), nn.Sequential(nn.Linear(3, 3), nn.Sigmoid())),
            nn.Linear(3, 2),
        )

    network = bp.Network(
        inputs={"x": (3,)},
        nodes={
            "one": bp.node(Dense(units=3), "x"),
            "tanh": bp.node(Tanh(), "one"),
            "sum": bp.node(Add(), "x", "tanh"),
            "two": bp.node(Dense(units=3), "sum"),
            "sigmoid": bp.node(Sigmoid(), "two"),
            "sum_again": bp.node(Add(), "sum", "sigmoid"),
            "end": bp.node(Dense(units=2), "sum_again"),
        },
        cost=COSTS[cost],
    )
    owners = tuple(f"{layer}.{name}" for layer in ("one", "two", "end") for name in "wb")
    # neither BackPACK's Hessian diagonal nor its KFLR adds over paths
    without = tuple(f"{name} {path}" for name in ("hessian diagonal", "kfac") for path in owners)
    return CurvatureCase(f"residual, {cost}", network, cost, function, modules, owners, without=without)


def shared(cost):
    """One dense layer in two places. No class of BackPACK's computes this."""

    def function(p, x, ops):
        h = ops.tanh(_dense(p, "first", x))
        return _dense(p, "end", ops.sigmoid(_dense(p, "first", h)))

    network = bp.Network(
        inputs={"x": (3,)},
        nodes={
            "first": bp.node(Dense(units=3), "x"),
            "tanh": bp.node(Tanh(), "first"),
            "again": bp.node(Dense(units=3), "tanh", share="first"),
            "sigmoid": bp.node(Sigmoid(), "again"),
            "end": bp.node(Dense(units=2), "sigmoid"),
        },
        cost=COSTS[cost],
    )
    return CurvatureCase(f"shared weights, {cost}", network, cost, function)


def attention():
    """Queries, keys and values from dense layers that the moments share."""

    def function(p, x, ops):
        q, k, v = (_dense(p, name, x) for name in "qkv")
        return _dense(p, "end", (ops.softmax(q @ k.T / 2**0.5, -1) @ v).reshape(-1))

    network = bp.Network(
        inputs={"x": (3, 2)},
        nodes={
            "q": bp.node(Dense(units=2), "x"),
            "k": bp.node(Dense(units=2), "x"),
            "v": bp.node(Dense(units=2), "x"),
            "mixed": bp.node(Attention(), "q", "k", "v"),
            "flat": bp.node(Flatten(), "mixed"),
            "end": bp.node(Dense(units=2), "flat"),
        },
        cost=SoftmaxCrossEntropy(),
    )
    return CurvatureCase("attention, cross-entropy", network, "cross-entropy", function)


def cases():
    """Return fresh networks."""
    return [
        *(mlp(activation, cost) for activation in ACTIVATIONS for cost in COSTS),
        *(build(cost) for build in (convolution, residual, shared) for cost in COSTS),
        attention(),
    ]


NAMES = [case.name for case in cases()]

#: What is compared where no peer is installed: every structure once.
FROZEN = [
    "sigmoid chain, quadratic",
    "tanh chain, cross-entropy",
    "convolutions, cross-entropy",
    "residual, quadratic",
    "shared weights, cross-entropy",
]


def case(name):
    return next(each for each in cases() if each.name == name)


def by_bpframe(case):
    """Return every quantity that is compared, as bpframe computes it."""
    parameters, x, y, change, x_change = case.numbers()
    net = case.network
    for path, value in parameters.items():
        net.parameters[path] = value
    by_path = {
        "gradients": net.per_example.gradients(x, y),
        "variance": net.per_example.variance(x, y),
        "empirical fisher diagonal": net.curvature.empirical_fisher_diagonal(x, y),
        "gauss-newton diagonal": net.curvature.gauss_newton_diagonal(x, y),
        "gauss-newton block": net.curvature.gauss_newton_blocks(x, y),
        "gauss-newton product": net.ggn_vp(x, y, change),
        "hessian diagonal": net.curvature.hessian_diagonal(x, y),
        "hessian product": net.hvp(x, y, change),
        "jacobian": net.jacobian(x, wrt="parameters"),
    }
    found = {
        "squared norms": net.per_example.squared_norms(x, y),
        "gram": net.per_example.gram(x, y),
        "gauss-newton product inputs": net.ggn_vp(x, y, x_change, wrt="inputs"),
        "hessian product inputs": net.hvp(x, y, x_change, wrt="inputs"),
        "jacobian inputs": net.jacobian(x),
    }
    expand, reduce = (net.curvature.kfac(x, y, weight_sharing=how) for how in ("expand", "reduce"))
    for path in case.owners:
        if f"kfac {path}" not in case.without:
            # where L places share a weight, BackPACK's B is that of reduce, and its A that of expand without 1/L
            places = case.places.get(path.partition(".")[0], 1)
            a = expand[path][0] * places if path.endswith(".w") else reduce[path][0]
            found[f"kfac {path}"] = np.kron(reduce[path][1], a)
    return found | {f"{name} {path}": value for name, values in by_path.items() for path, value in values.items()}


def assert_equal(found, expected):
    """Hold every quantity to 1e-12 of its largest entry, and a part that vanishes to 1e-15 of all parts' largest."""
    largest = {}
    for name, value in expected.items():
        kind = name.rpartition(" ")[0]
        largest[kind] = max(largest.get(kind, 0.0), np.abs(value).max())
    for name, value in expected.items():
        scale = max(np.abs(value).max(), 1e-3 * largest[name.rpartition(" ")[0]])
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12 * scale, err_msg=name)
