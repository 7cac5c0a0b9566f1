"""One example worked through a network: all that the sections of an explanation are written from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.penalties import Term
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.results import called
from bpframe.core.backprop.steps import CostStep
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import scale_of
from bpframe.core.component import Cost
from bpframe.core.graph.graph import Graph, Node
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import Operator
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.errors import DataError
from bpframe.explanation.formula import Symbol
from bpframe.explanation.notation import Notation, notation_of
from bpframe.validation.plain_arrays import Array

__all__ = ["Worked", "of_the_output", "worked"]


class _TheOutput(Cost):
    """The output itself, one number, in the place of a cost: its own derivatives are asked for."""

    def forward(self, a: Array) -> Array:
        """Return the number of every example."""
        return a.reshape(len(a))

    def jacobian(self, a: Array) -> Array:
        """Return ∂a/∂a = 1."""
        return np.ones_like(a)


@dataclass(frozen=True, eq=False)
class Worked:
    """One example with all that was computed: values, local Jacobians, errors and the gradient.

    `errors` holds ∂C/∂value by name, without an axis of examples, of inputs too; `starts` holds what the cost says of
    each output, ∇_a C, and `parts` each output's share of the cost; `cost` has the penalties in it, too.
    """

    engine: Engine
    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]
    trace: Trace
    notation: Notation
    cost: float
    parts: Mapping[str, Array]
    starts: Mapping[str, Array]
    errors: Mapping[str, Array]
    gradient: ParameterVector

    @property
    def graph(self) -> Graph:
        """The nodes and edges."""
        return self.trace.plan.graph

    @cached_property
    def has_cost(self) -> bool:
        """Whether it is a cost that is differentiated, and not the output itself."""
        return not any(isinstance(each, _TheOutput) for each in self.graph.cost.values())

    @cached_property
    def consumers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read each value."""
        found: dict[str, list[Node]] = {name: [] for name in self.graph.shapes}
        for node in self.graph.nodes:
            for source in dict.fromkeys(node.sources):
                found[source].append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def uses(self) -> dict[str, tuple[tuple[Node, str], ...]]:
        """The nodes that use each parameter, by its path, with what they call it."""
        found: dict[str, list[tuple[Node, str]]] = {}
        for node in self.graph.nodes:
            for name in node.parameters:
                found.setdefault(node.parameter_path(name), []).append((node, name))
        return {path: tuple(nodes) for path, nodes in found.items()}

    @cached_property
    def penalties(self) -> dict[str, tuple[Term, ...]]:
        """The penalties of each parameter that has some, by its path."""
        found: dict[str, tuple[Term, ...]] = {}
        for term in self.engine.penalties.terms:
            found[term.path] = (*found.get(term.path, ()), term)
        return found

    @cached_property
    def edges(self) -> int:
        """About how many single derivatives the local Jacobians hold."""
        total = 0
        for node in self.graph.nodes:
            for key, operator in self.jacobian(node).items():
                dense = math.prod(node.output_shape) * math.prod(node.slot_shapes[key])
                total += dense if operator.dense_cost is None else min(operator.cost, dense)
        return total

    @cached_property
    def multiplications(self) -> int:
        """About how many multiplications one pass forward takes: those of its local Jacobians by values."""
        return sum(
            math.prod(node.output_shape)
            + sum(operator.cost for key, operator in self.jacobian(node).items() if key not in node.parameters)
            for node in self.graph.nodes
        )

    def value(self, name: str) -> Array:
        """Return a value of the example, without an axis of examples."""
        return self.trace[name][0, ...] if name not in self.graph.by_name else self._own(name)

    def _own(self, name: str) -> Array:
        # A node of several outputs has all of them in a row; its name alone would stand for the first.
        value: Array = self.trace.slots[self.trace.plan.value_slots[name]][0, ...]
        return value

    def parameter(self, path: str) -> Array:
        """Return a parameter, trained or frozen."""
        found: Array | None = self.trace.parameters.views.get(path)
        return self.trace.workspace.frozen.views[path] if found is None else found

    def jacobian(self, node: Node) -> Mapping[str, Operator]:
        """Return a node's local Jacobians by key."""
        return self.trace.jacobian(node.name)


def of_the_output(engine: Engine) -> Engine:
    """Return an engine whose cost is the network's output, which has to be one number.

    Errors: DataError.
    """
    graph = engine.graph
    output = graph.outputs[0]
    shape = graph.shapes[output]
    if len(graph.outputs) != 1 or int(np.prod(shape)) != 1:
        raise DataError(
            "there is nothing to differentiate: the network has no cost, and more than one number comes out of it",
            expected="a network with a cost, or with one number as its output",
            received=", ".join(f"'{name}' of shape {graph.shapes[name]}" for name in graph.outputs),
            hint="bp.Network(..., cost=QuadraticCost())",
        )
    itself = replace(graph, cost={output: _TheOutput()}, target_shapes={output: shape}, weight_shapes={}, penalties=())
    plan = Plan(itself, engine.plan._understand, engine.plan._measured)
    return Engine(plan, engine.dtype, engine.seed, held=engine.held)


def worked(engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> Worked:
    """Work one checked example through: forward, BP1 and BP2 for every value, BP3 and BP4.

    Errors: DataError where there is another number of examples than one.
    """
    count = len(next(iter(inputs.values())))
    if count != 1:
        raise DataError(
            "an explanation is of one example", expected="one row", received=f"{count} rows", hint="x[0] and y[0]"
        )
    drawing = any(step.generator_slot is not None for step in engine.plan.steps)
    if drawing:
        engine = engine.copy()  # each of whose copies draws the same numbers in its first pass
    own = engine.parameters.copy(), engine.frozen.copy()
    trace = engine.trace({name: array.copy() for name, array in inputs.items()}, False, *own)
    plan = trace.plan
    letter = Symbol("C")
    if any(isinstance(each, _TheOutput) for each in plan.graph.cost.values()):
        letter = Symbol(plan.graph.outputs[0], is_name=True)
    cost = float(costs(trace.workspace, targets)[0]) + engine.penalties.cost(own[0].views)
    parts = {each.output: _part(trace, each) for each in plan.costs}
    deltas = output_errors(trace.workspace, scale_of(plan.costs, targets, 1))
    starts = {each.output: _owned(deltas[each.value_slot]) for each in plan.costs}
    shapes = plan.graph.shapes
    errors = {name: np.zeros(shape, trace.dtype) for name, shape in shapes.items()}
    for each, delta, _ in walk_back(trace, plan.to_everything, deltas):
        errors[each.step.node.name] = _owned(delta)
    for name, slot in plan.input_slots.items():
        if deltas[slot] is not None:
            errors[name] = _owned(deltas[slot])
    gradient = (engine.copy() if drawing else engine).gradient(inputs, targets, False)[1]
    gradient.vector.flags.writeable = False
    return Worked(engine, inputs, targets, trace, notation_of(trace, letter), cost, parts, starts, errors, gradient)


def _part(trace: Trace, each: CostStep) -> Array:
    """Return what one output costs, a number."""
    found = np.asarray(called(each, "forward", each.forward, trace.workspace.handed_to(each)))[0]
    factor = trace.slots[each.factor_slot]
    return np.array(found if factor is None else found * factor[0])


def _owned(delta: Array | None) -> Array:
    found = np.array(delta)[0, ...] if delta is not None else np.zeros(())
    found.flags.writeable = False
    return found
