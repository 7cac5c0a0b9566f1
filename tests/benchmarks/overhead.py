"""What a node costs beyond its NumPy calls: narrow deep networks beside the same calls made directly.

The calls are those of the reference set's dense layer, sigmoid and quadratic cost, with the trainer's checks and
update. Both leave the same bytes, which is tested before anything is timed: so they are the same calls.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from tests.benchmarks.candidates import Stepping, make
from tests.benchmarks.cases import Case, deep
from tests.benchmarks.reference import WrongStep
from tests.benchmarks.timing import Median, Timed, rounds_of

#: Layers of the two networks whose difference is taken, so that what a step costs once falls out.
SHALLOW, DEEP = 20, 80

#: The steps after which the bytes are compared.
COMPARED = 3


class DirectCalls(Stepping):
    """The NumPy calls of one training step, for a row of dense layers with sigmoids of fewer than 4096 entries."""

    def __init__(self, case: Case) -> None:
        self.x, self.y = case.data
        self.theta = np.concatenate([each.ravel() for each in case.start])
        self.gradient, self.change = np.zeros_like(self.theta), np.empty_like(self.theta)
        values, gradients = _views(self.theta, case.shapes), _views(self.gradient, case.shapes)
        self.values = values

        def buffers():
            return [np.empty((case.batch, shape[0]), np.float32) for shape in case.shapes[::2]]

        z, self.a, slope, error = buffers(), buffers(), buffers(), buffers()
        inputs = [self.x, *self.a[:-1]]
        weights = values[::2]
        self.forward = list(zip(inputs, weights, values[1::2], z, self.a, strict=True))
        parts = zip(self.a, slope, error, z, inputs, weights, gradients[::2], gradients[1::2], strict=True)
        self.backward = list(parts)[::-1]
        # The error of a layer's output is written where the layer before finds it: into z, which nobody reads again.
        self.delta = np.empty_like(self.y)
        self.one, self.limit, self.half, self.rate = (
            np.array(each, np.float32) for each in (1, 88.0, 0.5, -case.learning_rate)
        )
        self.scale = 1.0 / case.batch

    def step(self) -> None:
        matmul, add, multiply, subtract = np.matmul, np.add, np.multiply, np.subtract
        one, limit = self.one, self.limit
        for inputs, w, b, z, a in self.forward:
            matmul(inputs, w.T, out=z)
            add(z, b, out=z)
            np.negative(z, out=a)
            np.minimum(a, limit, out=a)
            np.exp(a, out=a)
            add(a, one, out=a)
            np.reciprocal(a, out=a)
        difference = a - self.y
        multiply(difference, difference, out=difference)
        cost = float(add.reduce(add.reduce(difference, axis=1) * self.half))
        subtract(a, self.y, out=self.delta)
        delta = multiply(self.delta, self.scale, out=self.delta)
        first = self.x
        for a, slope, error, pulled, inputs, w, w_gradient, b_gradient in self.backward:
            subtract(one, a, out=slope)
            multiply(slope, a, out=slope)
            multiply(delta, slope, out=error)
            if inputs is not first:
                delta = matmul(error, w, out=pulled)
            matmul(error.T, inputs, out=w_gradient)
            error.sum(axis=0, out=b_gradient)
        gradient = self.gradient
        if not math.isfinite(cost) or not np.isfinite(np.dot(gradient, gradient)):
            raise FloatingPointError("the cost or the gradient is not finite")
        multiply(gradient, self.rate, out=self.change)
        add(self.theta, self.change, out=self.theta)

    def load(self, parameters) -> None:
        for view, value in zip(self.values, parameters, strict=True):
            view[...] = value

    def parameters(self):
        return [each.copy() for each in self.values]


def _views(vector: np.ndarray, shapes) -> list[np.ndarray]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def same_bytes(case: Case) -> tuple[Stepping, Stepping]:
    """Return bpframe's step and the direct calls, seen to leave the same bytes.

    Errors: WrongStep where they do not, so that they are not the same calls.
    """
    framework, direct = make("bpframe", case), DirectCalls(case)
    for each in (framework, direct):
        each.load(case.start)
        each.run(COMPARED)
    for number, (a, b) in enumerate(zip(framework.parameters(), direct.parameters(), strict=True)):
        if a.tobytes() != b.tobytes():
            off = np.abs(a - b).max()
            raise WrongStep(f"{case.key}: the calls made directly differ by {off:.2g} in parameter {number}")
    return framework, direct


def overhead(rounds: int, target: float, shallow: int = SHALLOW, deepest: int = DEEP) -> dict[str, Any]:
    """Return µs per node and per step beyond the NumPy calls; a layer is two nodes, dense and sigmoid."""
    timed: dict[str, Timed] = {}
    nodes = {}
    for layers in (shallow, deepest):
        case = deep(layers)
        nodes[layers] = case.nodes
        for name, each in zip(("bpframe", "direct"), same_bytes(case), strict=True):
            timed[f"{name} {layers}"] = Timed(each.run, 1, lambda each=each, case=case: each.load(case.start))
    times = rounds_of(timed, rounds, target)
    micro = {name: np.array(each) * 1e6 for name, each in times.items()}
    beyond = {layers: micro[f"bpframe {layers}"] - micro[f"direct {layers}"] for layers in nodes}
    per_node = (beyond[deepest] - beyond[shallow]) / (nodes[deepest] - nodes[shallow])
    once = beyond[shallow] - nodes[shallow] * per_node
    direct = (micro[f"direct {deepest}"] - micro[f"direct {shallow}"]) / (nodes[deepest] - nodes[shallow])
    return {
        "network": deep(deepest).key,
        "per_node": asdict(Median.of(per_node.tolist())),
        "per_step": asdict(Median.of(once.tolist())),
        "calls_per_node": asdict(Median.of(direct.tolist())),
        "microseconds": {name: asdict(Median.of(each.tolist())) for name, each in micro.items()},
    }
