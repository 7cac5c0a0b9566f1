"""From a trace of one example to the graph of its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import scale_of
from bpframe.core.graph.graph import Shape
from bpframe.core.operators import Composed, Operator
from bpframe.errors import DataError, MemoryLimitError
from bpframe.explanation.paths.scalar_graph import Kind, ScalarGraph, Scalars
from bpframe.validation.plain_arrays import Array

__all__ = ["MOST_EDGES", "scalar_graph"]

#: How many edges a graph of numbers may have; two layers of 350 neurons, one after the other, have half a million.
MOST_EDGES = 500_000

#: What the cost is called, where no node has this name.
COST = "C"

#: Of operators that are known by their products alone, with more inputs than this, a unit vector is sent back for every
#: output where these are fewer: the other way takes a matrix of inputs × inputs.
WIDE = 1000

NO_LETTERS: Mapping[str, str] = MappingProxyType({})


def scalar_graph(
    trace: Trace, targets: Mapping[str, Array] | None = None, letters: Mapping[str, str] = NO_LETTERS
) -> ScalarGraph:
    """Return the graph of all numbers of one example: parameters, inputs, the nodes' entries, and C.

        ∂v_t/∂v_s = (J_ij)_ts    between entries of nodes,    ∂C/∂a = ∇_a C    to the cost

    C is the example's cost, with what penalties add to it by their own edges; without `targets`, which are as an engine
    takes them, it is left out.
    `letters` are the symbols of arrays by the names of values and paths of parameters: {"dense_1.w": "w^2"}.

    Errors: DataError where the trace is not of one example; MemoryLimitError above `MOST_EDGES` edges.
    """
    if trace.batch != 1:
        raise DataError("the graph of a network's numbers is of one example", received=f"{trace.batch} examples")
    building = _Building(letters, trace.dtype)
    graph = trace.plan.graph
    for path, parameter in graph.parameters.items():
        building.add(path, "parameter", parameter.shape)
    for path, parameter in graph.frozen_parameters.items():
        building.add(path, "frozen", parameter.shape)
    for name, shape in graph.inputs.items():
        building.add(name, "input", shape)
    for node in graph.nodes:
        building.add(node.name, "value", node.output_shape)
        jacobian = trace.jacobian(node.name)
        read = [*zip(node.input_keys, node.sources, strict=True)]
        read += [(name, node.parameter_path(name)) for name in node.parameters]
        for key, source in read:
            if key in jacobian:  # what is read as integers has no derivative
                building.join(source, node.name, jacobian[key])
    if targets is not None:
        cost = COST if COST not in graph.shapes else f"{COST} of the example"
        building.add(cost, "cost", ())
        for name, gradient in _gradients(trace, targets).items():
            building.point(name, cost, np.arange(gradient.size), np.zeros(gradient.size, int), gradient.reshape(-1))
    return building.graph()


def _gradients(trace: Trace, targets: Mapping[str, Array]) -> dict[str, Array]:
    """Return the derivatives of the cost alone: by every output that has one, and by penalised parameters."""
    costs(trace.workspace, targets)
    deltas = output_errors(trace.workspace, scale_of(trace.plan.costs, targets, 1))
    found = {each.output: np.asarray(deltas[each.value_slot]) for each in trace.plan.costs}
    penalties = Penalties(trace.plan.graph.penalties)
    by_path = {term.path: np.zeros_like(trace.parameters.views[term.path]) for term in penalties.terms}
    penalties.add_gradient(trace.parameters.views, by_path)
    return found | by_path


class _Building:
    """Groups and edges so far."""

    def __init__(self, letters: Mapping[str, str], dtype: Any) -> None:
        self.letters = letters
        self.dtype = dtype
        self.groups: dict[str, Scalars] = {}
        self.parts: list[tuple[Array, Array, Array]] = []
        self.count = 0

    def add(self, name: str, kind: Kind, shape: Shape) -> None:
        """Number the entries of one more array."""
        start = next(reversed(self.groups.values())).stop if self.groups else 0
        letter = self.letters.get(name)
        self.groups[name] = Scalars(name, kind, tuple(shape), start, letter)

    def join(self, source: str, target: str, operator: Operator) -> None:
        """Add the entries of a local Jacobian as edges."""
        rows, columns = math.prod(operator.out_shape), math.prod(operator.in_shape)
        multiplied = operator.dense_cost is not None or type(operator).sparse is not Operator.sparse
        self._check(operator.cost if multiplied else rows * columns)
        if operator.couples_batch:
            dense = operator.joint_dense(1)
            found_rows, found_columns = np.nonzero(dense)
            self.point(source, target, found_columns, found_rows, dense[found_rows, found_columns])
            return
        if rows < _widest(operator):
            dense = operator.vjp(np.eye(rows, dtype=self.dtype).reshape(rows, 1, *operator.out_shape))
            dense = dense.reshape(rows, columns)
            found_rows, found_columns = np.nonzero(dense)
            self.point(source, target, found_columns, found_rows, dense[found_rows, found_columns])
            return
        matrix = operator.sparse(1, self.dtype)
        found_rows = np.repeat(np.arange(rows), np.diff(matrix.indptr))
        self.point(source, target, matrix.indices, found_rows, matrix.data)

    def point(self, source: str, target: str, columns: Array, rows: Array, numbers: Array) -> None:
        """Add edges by their places in both arrays."""
        self._check(len(numbers))
        self.count += len(numbers)
        self.parts.append((columns + self.groups[source].start, rows + self.groups[target].start, numbers))

    def graph(self) -> ScalarGraph:
        """Return what was added."""
        empty = [np.empty(0, int), np.empty(0, int), np.empty(0)]
        sources, targets, numbers = (np.concatenate(each) for each in zip(empty, *self.parts, strict=True))
        order = np.lexsort((sources, targets))
        return ScalarGraph(
            tuple(self.groups.values()), sources[order], targets[order], numbers[order].astype(np.float64)
        )

    def _check(self, more: int) -> None:
        if self.count + more > MOST_EDGES:
            raise MemoryLimitError(
                "the graph of this network's numbers has too many edges",
                expected=f"at most {MOST_EDGES:,}",
                received=f"{self.count + more:,} or more",
                hint="net.gradient and net.errors, which need no graph of single numbers",
            )


def _widest(operator: Operator) -> int:
    """Return the most inputs of a factor that is known by its products alone; 0 where there are few, or no such one."""
    factors = operator.factors if isinstance(operator, Composed) else (operator,)
    unknown = [each for each in factors if each.dense_cost is None and type(each).sparse is Operator.sparse]
    widest = max((math.prod(each.in_shape) for each in unknown), default=0)
    return widest if widest > WIDE else 0
