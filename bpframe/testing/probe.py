"""One component on its own, at points of one's choosing: what every check of the kit runs on.

A probe gives values and declared Jacobians by key: the names of the inputs and parameters that have a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.component import Component, Cost, Layer, contract_of
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.core.graph.graph import Graph, Shape, asked_words
from bpframe.core.graph.parameters import ParameterVector, initial_parameters, initial_state
from bpframe.core.graph.randomness import stream
from bpframe.core.operators import BatchMatrix, Operator
from bpframe.errors import ContractError
from bpframe.measured.draft import DraftGradient
from bpframe.replay.repeating import planned
from bpframe.testing.intervals import Interval, domains_of
from bpframe.testing.point import Point
from bpframe.validation.plain_arrays import Array

__all__ = ["CostProbe", "LayerProbe", "Probe", "moved_state", "traced"]

T = TypeVar("T")

#: Makes other operators of those that a probe's component declares at a point.
Change = Callable[["Probe", Point, Mapping[str, Operator]], Mapping[str, Operator]]

#: The seed of every component's own randomness, so that forward and jacobian of one point draw the same numbers.
RANDOM_SEED = 20_240_229


class Probe:
    """What layers and costs have in common for the checks."""

    component: Component
    #: Feature shape of every key, and of the output.
    shapes: Mapping[str, Shape]
    output_shape: Shape
    #: The keys that are parameters, shared by the batch.
    parameters: frozenset[str] = frozenset()
    couples_batch = False
    #: Whether the component behaves differently in training.
    has_training = False
    #: Whether the component draws random numbers.
    has_random = False
    #: What puts other operators in the place of the declared ones, and where measurements of forward are kept: for
    #: those who try one component with many operators.
    change: Change | None = None
    memory: dict[Hashable, Any] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The keys that are inputs, with examples on axis 0."""
        return tuple(key for key in self.shapes if key not in self.parameters)

    @cached_property
    def domains(self) -> Mapping[str, Interval]:
        """Where each input may lie."""
        return domains_of(self.component, self.inputs)

    def couples(self, key: str, training: bool) -> bool:
        """Whether an example's output depends on other examples of this key, an input."""
        return self.couples_batch and training and key not in self.parameters

    def sample(self, rng: np.random.Generator, batch: int, scale: float = 1.0, training: bool = False) -> Point:
        """Draw a generic point of float64 arrays."""
        arrays: dict[str, Array] = {}
        for key, shape in self.shapes.items():
            if key in self.parameters:
                arrays[key] = np.asarray(scale * rng.standard_normal(shape))
            else:
                arrays[key] = self.domains[key].draw(rng, (batch, *shape), scale)
        return Point(arrays, self._constants(rng, batch), self._state(rng), training, batch)

    def rows(self, point: Point, rows: list[int]) -> Point:
        """Return the point with some of its examples only."""
        return replace(
            point,
            arrays={key: array[rows] if key in self.inputs else array for key, array in point.arrays.items()},
            constants={key: array[rows] for key, array in point.constants.items()},
            batch=len(rows),
        )

    def value(self, point: Point) -> Array:
        """Return forward's output, (N, *output_shape)."""
        raise NotImplementedError

    def declared(self, point: Point) -> Mapping[str, Operator]:
        """Return the component's own Jacobian of every key."""
        raise NotImplementedError

    def operators(self, point: Point) -> Mapping[str, Operator]:
        """Return the Jacobian of every key: the declared one, unless `change` makes another of it."""
        declared = self.declared(point)
        return declared if self.change is None else self.change(self, point, declared)

    def remembered(self, name: Hashable, compute: Callable[[], T]) -> T:
        """Return what `compute` returns, from `memory` where it is there under `name`."""
        if self.memory is None:
            return compute()
        if name not in self.memory:
            self.memory[name] = compute()
        found: T = self.memory[name]
        return found

    def _constants(self, rng: np.random.Generator, batch: int) -> dict[str, Array]:
        return {}

    def _state(self, rng: np.random.Generator) -> dict[str, Array]:
        return {}


def traced(
    plan: Plan,
    point: Point,
    parameters: Sequence[str],
    inputs: Mapping[str, Array],
    state: Mapping[str, Mapping[str, Array]],
) -> Trace:
    """Run a graph at a point whose `parameters`, by key, are those of the graph in order."""
    arrays = [*point.arrays.values()]
    dtype = arrays[0].dtype if arrays else np.dtype(np.float64)
    vector = np.concatenate([np.zeros(0, dtype), *(point.arrays[key].ravel() for key in parameters)])
    vector.flags.writeable = all(array.flags.writeable for array in arrays)
    shapes = {path: each.shape for path, each in plan.graph.parameters.items()}
    frozen = (
        initial_parameters(plan.graph, dtype, 0)[1]
        if plan.graph.frozen_parameters
        else ParameterVector.zeros({}, dtype)
    )
    workspace = Workspace(
        plan, point.batch, ParameterVector(vector, shapes), frozen, state, lambda name: stream(RANDOM_SEED, name)
    )
    forward(workspace, inputs, point.training)
    return Trace(workspace)


def moved_state(graph: Graph, rng: np.random.Generator) -> dict[str, Array]:
    """Return the state of all nodes by path, away from its first values, which may hide that it is used.

    It is above them, as variances are.
    """
    return {
        f"{node}.{name}": np.asarray(start + rng.random(start.shape))
        for node, named in initial_state(graph, np.float64, 0).items()
        for name, start in named.items()
    }


class LayerProbe(Probe):
    """A layer or activation as the only node of a graph."""

    NODE = "it"

    def __init__(self, component: Layer, shapes: Sequence[Shape]) -> None:
        self.component = component
        contract = contract_of(type(component))
        names = contract.inputs or tuple(f"x{i}" for i in range(len(shapes)))
        if len(names) != len(shapes):
            raise ContractError(
                f"{type(component).__name__} has {len(names)} inputs",
                expected="a feature shape for each: " + ", ".join(names),
                received=", ".join(map(str, shapes)) or "none",
            )
        # An input's name in this graph must not be the node's, nor one that only an argument may have.
        inputs = {f"in_{i}": tuple(shape) for i, shape in enumerate(shapes)}
        self.graph = build_graph(
            NetworkSpec(
                inputs=inputs,
                nodes=(NodeSpec(component=component, name=self.NODE, inputs=tuple(inputs)),),
                outputs=(self.NODE,),
            )
        )
        self.node = self.graph.nodes[0]
        self.plan = planned(self.graph)
        self.integer_keys = tuple(component.integer_inputs)
        self._source = dict(zip(self.node.input_keys, self.node.sources, strict=True))
        self.shapes = {key: shape for key, shape in self.node.slot_shapes.items() if key not in self.integer_keys}
        self.output_shape = self.node.output_shape
        self.parameters = frozenset(self.node.parameters)
        self.couples_batch = component.couples_batch
        self.has_training = contract.asks_for("training")
        self.has_random = contract.asks_for("rng")

    def trace(self, point: Point) -> Trace:
        """Run the component at a point, in the dtype of the point's arrays, its randomness always the same."""
        state = {self.NODE: dict(point.state)}
        return traced(self.plan, point, list(self.node.parameters), self.inputs_at(point), state)

    def inputs_at(self, point: Point) -> dict[str, Array]:
        """Return the graph's inputs by name."""
        return {
            source: point.constants[key] if key in self.integer_keys else point.arrays[key]
            for key, source in self._source.items()
        }

    def value(self, point: Point) -> Array:
        """Return forward's output, (N, *output_shape)."""
        value: Array = self.trace(point).slots[self.plan.steps[0].slot]
        return value

    def declared(self, point: Point) -> Mapping[str, Operator]:
        """Return the declared Jacobian of every key."""
        return self.trace(point).jacobian(self.NODE)

    def _constants(self, rng: np.random.Generator, batch: int) -> dict[str, Array]:
        return {
            key: domain.draw_integers(rng, (batch, *self.node.slot_shapes[key]))
            for key, domain in domains_of(self.component, self.integer_keys).items()
        }

    def _state(self, rng: np.random.Generator) -> dict[str, Array]:
        return {path.rpartition(".")[2]: array for path, array in moved_state(self.graph, rng).items()}


class CostProbe(Probe):
    """A cost C(a, y) as a function of a, with one output per example."""

    def __init__(self, component: Cost, shapes: Sequence[Shape]) -> None:
        if len(shapes) != 1:
            raise ContractError(
                f"{type(component).__name__} is a cost",
                expected="one feature shape, that of a",
                received=", ".join(map(str, shapes)) or "none",
            )
        self.component: Cost = component
        self.contract = contract_of(type(component))
        self.shapes = {"a": tuple(shapes[0])}
        self.output_shape = ()
        target: Any = getattr(component, "target_shape", lambda shape: shape)(tuple(shapes[0]))
        self.target_shape: Shape = tuple(target)
        self.weight_words = asked_words(component)
        weight: Any = getattr(component, "weight_shape", lambda shape: self.target_shape)(tuple(shapes[0]))
        self.weight_shape: Shape = tuple(weight)

    def words(self, point: Point) -> dict[str, Any]:
        """Return what the cost's methods may ask for, after forward has run."""
        words: dict[str, Any] = {"a": point.arrays["a"], **point.constants, "saved": {}}
        self.ask("forward", words)
        words["out"] = np.empty_like(point.arrays["a"], subok=False)
        return words

    def ask(self, method: str, words: Mapping[str, Any]) -> Any:
        """Call a method of the cost with the words that it asks for."""
        return self.contract.methods[method].call(getattr(self.component, method), words)

    def value(self, point: Point) -> Array:
        """Return the cost per example, (N,)."""
        words = {"a": point.arrays["a"], **point.constants, "saved": {}}
        found: Array = self.ask("forward", words)
        return found

    def declared(self, point: Point) -> Mapping[str, Operator]:
        """Return ∇_a C as a Jacobian of one row."""
        if self.contract.is_draft:
            gradient = DraftGradient(self.component)(point.arrays["a"], *point.constants.values())
        else:
            gradient = self.ask("jacobian", self.words(point))
        return {"a": BatchMatrix(gradient).bind(self.shapes["a"], ())}

    def _constants(self, rng: np.random.Generator, batch: int) -> dict[str, Array]:
        return {"y": self._target(rng, batch), **self._weights(rng, batch)}

    def _weights(self, rng: np.random.Generator, batch: int) -> dict[str, Array]:
        """Draw what the cost asks for: some positions do not count, and others by numbers where these are taken."""
        if not self.weight_words:
            return {}
        shape = (batch, *self.weight_shape)
        mask = rng.random(shape) < 0.7
        weight = mask * (rng.random(shape) + 0.5)
        return {word: weight if word == "weight" else mask for word in self.weight_words}

    def _target(self, rng: np.random.Generator, batch: int) -> Array:
        domain, shape = domains_of(self.component, ("y",))["y"], (batch, *self.target_shape)
        declared = domain != Interval()
        if self.component.integer_targets:
            classes = self.shapes["a"][-1] if self.shapes["a"] else 2
            return (domain if declared else Interval(0, classes)).draw_integers(rng, shape)
        if declared:
            return domain.draw(rng, shape, 1.0)
        # Positive numbers that add up to one along the last axis serve costs of any kind, distributions included.
        draws = rng.random(shape) + 0.1
        return np.asarray(draws / draws.sum(axis=-1, keepdims=True) if self.target_shape else draws)
