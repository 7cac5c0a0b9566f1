"""A block on its own, at points of one's choosing: its Jacobians are those of the network that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.component import Block
from bpframe.core.component.domain import declared_domain
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.core.graph.graph import Graph, Shape
from bpframe.core.operators import Operator
from bpframe.derivatives.jacobian.factored import factored_jacobian
from bpframe.errors import ContractError
from bpframe.replay.repeating import planned
from bpframe.testing.intervals import Interval
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe, moved_state, traced
from bpframe.testing.small_fit import Squares
from bpframe.validation.plain_arrays import Array

__all__ = ["BlockProbe"]


class BlockProbe(Probe):
    """A block as the only part of a graph; its keys are its inputs and the paths of its nodes' parameters."""

    NAME = "it"

    def __init__(self, component: Block, shapes: Sequence[Shape]) -> None:
        self.component: Block = component
        if len(component.inputs) != len(shapes):
            raise ContractError(
                f"{type(component).__name__} has {len(component.inputs)} inputs",
                expected="a feature shape for each: " + ", ".join(component.inputs),
                received=", ".join(map(str, shapes)) or "none",
            )
        self._sources = {key: f"in_{i}" for i, key in enumerate(component.inputs)}
        self.graph = self.built(shapes)
        self.plan = planned(self.graph)
        self.output = self.graph.value_of(self.NAME)
        self.integer_keys = tuple(key for key, name in self._sources.items() if name in self.graph.integer_domains)
        self._paths = {path.removeprefix(f"{self.NAME}."): path for path in self.graph.parameters}
        inputs = {key: self.graph.inputs[name] for key, name in self._sources.items() if key not in self.integer_keys}
        self.shapes = inputs | {key: self.graph.parameters[path].shape for key, path in self._paths.items()}
        self.parameters = frozenset(self._paths)
        self.output_shape = self.graph.shapes[self.output]
        nodes = self.graph.nodes
        self.couples_batch = any(node.component.couples_batch for node in nodes)
        self.has_training, self.has_random = (
            any(node.contract.asks_for(word) for node in nodes) for word in ("training", "rng")
        )

    def built(self, shapes: Sequence[Shape]) -> Graph:
        """Return the graph of the block alone, with a cost: `nodes` is asked anew."""
        inputs = {name: tuple(shape) for name, shape in zip(self._sources.values(), shapes, strict=True)}
        node = NodeSpec(component=self.component, name=self.NAME, inputs=tuple(inputs))
        return build_graph(NetworkSpec(inputs=inputs, nodes=(node,), outputs=(self.NAME,), cost={self.NAME: Squares()}))

    @cached_property
    def domains(self) -> Mapping[str, Interval]:
        """Where each input may lie: where all nodes take it that read it."""
        found: dict[str, Interval] = {}
        for key, name in self._sources.items():
            low, high = -np.inf, np.inf
            for node in self.graph.nodes:
                declared = declared_domain(node.component, node.contract.inputs or (str(node.contract.variadic),))
                for own, source in zip(node.input_keys, node.sources, strict=True):
                    if source == name and own.partition("[")[0] in declared:
                        bounds = declared[own.partition("[")[0]]
                        low, high = max(low, bounds[0]), min(high, bounds[1])
            found[key] = Interval(low, high)
        return found

    def trace(self, point: Point) -> Trace:
        """Run the block at a point, in the dtype of the point's arrays, its randomness always the same."""
        state: dict[str, dict[str, Array]] = {}
        for path, array in point.state.items():
            node, _, name = path.rpartition(".")
            state.setdefault(node, {})[name] = array
        return traced(self.plan, point, list(self._paths), self.inputs_at(point), state)

    def inputs_at(self, point: Point) -> dict[str, Array]:
        """Return the graph's inputs by name."""
        return {
            name: point.constants[key] if key in self.integer_keys else point.arrays[key]
            for key, name in self._sources.items()
        }

    def path_of(self, key: str) -> str:
        """Return the name that an input or a parameter has in the graph."""
        return self._paths[key] if key in self._paths else self._sources[key]

    def value(self, point: Point) -> Array:
        """Return the block's output, (N, *output_shape)."""
        return self.trace(point)[self.output]

    def declared(self, point: Point) -> Mapping[str, Operator]:
        """Return the Jacobian of every key, as a composition of those of the nodes on the way."""
        trace = self.trace(point)
        return {key: factored_jacobian(trace, self.path_of(key), self.output) for key in self.shapes}

    def _constants(self, rng: np.random.Generator, batch: int) -> dict[str, Array]:
        return {
            key: Interval(*self.graph.integer_domains[name]).draw_integers(rng, (batch, *self.graph.inputs[name]))
            for key, name in self._sources.items()
            if key in self.integer_keys
        }

    def _state(self, rng: np.random.Generator) -> dict[str, Array]:
        return moved_state(self.graph, rng)
