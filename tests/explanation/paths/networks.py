"""Networks and graphs that the tests of paths look at, and what walks along paths one by one."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Shift, Sigmoid

import bpframe as bp
from bpframe.core.backprop.trace import Trace
from bpframe.explanation.paths import ScalarGraph, scalar_graph

#: The letters of the tutorial's network, eq. (2).
TUTORIAL = {"x": "a^1", "dense_1": "a^2", "dense_2": "a^3", "dense_3": "a^4"} | {
    f"dense_{layer - 1}.w": f"w^{layer}" for layer in (2, 3, 4)
}


def tutorial() -> bp.Network:
    """Return the 2-2-2-1 network without biases and activations, with weights that are easy to read."""
    network = bp.Network(
        [Dense(units=units, bias=False) for units in (2, 2, 1)], input_shape=(2,), cost=QuadraticCost(), seed=0
    )
    network.parameters["dense_1.w"] = [[1.0, 2.0], [3.0, -1.0]]
    network.parameters["dense_2.w"] = [[2.0, -1.0], [0.5, 1.0]]
    network.parameters["dense_3.w"] = [[1.0, -2.0]]
    return network


def mlp(width: int, depth: int, bias: bool = False) -> bp.Network:
    """Return a network of `depth` hidden layers with activations, and one output without."""
    layers = [layer for _ in range(depth) for layer in (Dense(units=width, bias=bias), Sigmoid())]
    return bp.Network([*layers, Dense(units=1, bias=bias)], input_shape=(width,), cost=QuadraticCost(), seed=1)


def olah() -> bp.Network:
    nodes = {
        "c": bp.node(Add(), "a", "b"),
        "d": bp.node(Shift(by=1.0), "b"),
        "e": bp.node(Multiply(), "c", "d"),
    }
    return bp.Network(inputs={"a": (1,), "b": (1,)}, nodes=nodes, output="e", cost=QuadraticCost())


def graph_of(network: bp.Network, letters: Mapping[str, str] | None = None, seed: int = 3) -> ScalarGraph:
    """Return the graph of the numbers of a random example."""
    trace, targets = example(network, seed)
    return scalar_graph(trace, targets, letters or {})


def example(network: bp.Network, seed: int = 3) -> tuple[Trace, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    inputs = {name: rng.normal(size=(1, *shape)) for name, shape in network.graph.inputs.items()}
    targets = {name: rng.normal(size=(1, *network.graph.shapes[name])) for name in network.graph.cost}
    return network.trace(inputs if len(inputs) > 1 else next(iter(inputs.values()))), targets


def given(trace: Trace) -> np.ndarray | dict[str, np.ndarray]:
    """Return the inputs of a trace as a network takes them."""
    inputs = {name: np.asarray(trace[name]) for name in trace.plan.graph.inputs}
    return inputs if len(inputs) > 1 else next(iter(inputs.values()))


def walked(graph: ScalarGraph, begin: int, end: int) -> list[list[float]]:
    """Return the factors of every path, found by networkx, an edge at a time."""
    drawn: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    drawn.add_nodes_from(range(graph.size))
    for number, (source, target, _) in enumerate(graph.edges):
        drawn.add_edge(source, target, key=number)
    if begin == end:
        return [[]]
    return [[graph.edges[key][2] for _, _, key in path] for path in nx.all_simple_edge_paths(drawn, begin, end)]
