"""Passes of what is shipped, repeated, give what the first one gave, where everything is called: to the last bit."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import numpy as np
import pytest
from bpframe_reference import Identity, QuadraticCost

import bpframe as bp
from bpframe.core.component import Component, Cost, Layer

SETS = ("activations", "classification", "convolution", "merges", "reference", "regularisation", "sequence")


def examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    found = [each for name in SETS for each in importlib.import_module(f"bpframe_{name}").bpframe_examples()]
    return [each for each in found if isinstance(each[0], Layer | Cost)]


def network(component: Component, shapes: tuple[tuple[int, ...], ...], dtype: str) -> bp.Network:
    layer = Identity() if isinstance(component, Cost) else component
    cost = component if isinstance(component, Cost) else QuadraticCost()
    inputs = {f"x{k}": shape for k, shape in enumerate(shapes)}
    return bp.Network(nodes={"node": bp.node(layer, *inputs)}, inputs=inputs, output="node", cost=cost, dtype=dtype)


def numbers(rng: np.random.Generator, net: bp.Network, batch: int) -> tuple[dict, np.ndarray]:
    """Inputs and targets that every shipped component takes; 0 and 1 where whole numbers are asked for."""
    whole = net.graph.integer_inputs
    inputs = {
        name: rng.integers(0, 2, (batch, *shape)) if name in whole else rng.uniform(0.1, 0.9, (batch, *shape))
        for name, shape in net.graph.inputs.items()
    }
    ((output, cost),) = net.graph.cost.items()
    y = rng.integers(0, 2, (batch, *net.graph.target_shapes[output]))
    return inputs, y if cost.integer_targets else y.astype(float)


def written(net: bp.Network, inputs: Mapping[str, np.ndarray], y: np.ndarray) -> list[bytes]:
    x = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    found = net.gradient(x, y)
    return [net.cost(x, y).hex().encode(), *(found[path].tobytes() for path in net.parameters)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("component", "shapes"), examples(), ids=lambda each: getattr(each, "kind", ""))
def test_later_passes_have_the_bits_of_the_first(component, shapes, dtype):
    rng = np.random.default_rng(0)
    net = network(component, shapes, dtype)
    for batch in (3, 1):
        inputs, y = numbers(rng, net, batch)
        first = written(net, inputs, y)
        assert all(written(net, inputs, y) == first for _ in range(4))
