"""The components' own forward, fed with symbols: every value of the network, and C, as a formula in the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.backprop.results import called, check_value
from bpframe.core.backprop.steps import TRAINING, Called, Step
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import factor_key
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.graph.parameters import ParameterVector
from bpframe.errors import BpframeError, DerivativeError, MemoryLimitError
from bpframe.explanation.paths.expansion.expression import Expression, symbol
from bpframe.explanation.paths.expansion.symbolic_array import symbolic
from bpframe.explanation.paths.expansion.symbolic_number import Comparison, SymbolicNumber, constant, is_constant
from bpframe.explanation.paths.names import entry_name
from bpframe.explanation.paths.scalar_graph import ScalarGraph
from bpframe.validation.plain_arrays import Array

__all__ = ["MOST_FED", "Formulas", "formulas"]

#: How many numbers a network may have, and edges between them, for its forward to be done with formulas.
MOST_FED = 100_000

#: What to do where a component does not take symbols.
_HINT = (
    "a forward of + − × ÷, comparisons, np.matmul, np.einsum, np.where and NumPy's exp, log, sqrt, tanh and the like "
    "takes them; the paths and counts need none"
)

_OBJECTS = np.dtype(object)

#: How a component fails that does not take them, or hands back no pair of an output and a state.
_FAILURES = (BpframeError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True, eq=False)
class Formulas:
    """Formulas of every entry of a network, and what its symbols are at the example.

    `entries` are by the names of the scalar graph, "C" among them, `numbers` by the names of symbols: weights, inputs,
    targets. `weights` are the symbols of trained parameters. `decided` are the comparisons that components made with
    the numbers of the example: the formulas hold where each of them comes out the same.
    """

    entries: Mapping[str, Expression]
    numbers: Mapping[str, float]
    weights: tuple[str, ...]
    decided: tuple[Comparison, ...]

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the nodes' entries, by their formulas' identity: what stands for one within another."""
        return {id(found): name for name, found in reversed([*self.entries.items()]) if found.parts}


def formulas(trace: Trace, graph: ScalarGraph, targets: Mapping[str, Array] | None = None) -> Formulas:
    """Return the formulas of a network by running its components' forward on symbols.

    `trace` is of one example, `graph` that of its numbers, which names them.

    Raises
    ------
    DerivativeError
        A component does not take symbols, or computes something else with them; it is named.
    MemoryLimitError
        The network is too large: above `MOST_FED` numbers or edges.

    """
    if max(len(graph.sources), graph.size) > MOST_FED:
        raise MemoryLimitError(
            "the network is too large to be written as formulas",
            expected=f"at most {MOST_FED:,} numbers, and as many edges between them",
            received=f"{graph.size:,} numbers, {len(graph.sources):,} edges",
        )
    return _Feeding(trace, graph).run(targets)


class _Feeding:
    """One pass with symbols."""

    def __init__(self, trace: Trace, graph: ScalarGraph) -> None:
        self.trace, self.graph = trace, graph
        self.decided: list[Comparison] = []
        self.numbers: dict[str, float] = {}
        self.entries: dict[str, Expression] = {}
        self.groups = {group.name: group for group in graph.groups}

    def run(self, targets: Mapping[str, Array] | None) -> Formulas:
        workspace = self._workspace()
        for step in workspace.plan.steps:
            self._step(workspace, step)
        if targets is not None:
            total = self._cost(workspace, targets)
            self._agrees("the cost", total.value, float(np.sum(self._true_cost(targets))))
            self.entries[self.graph.name(self.graph.size - 1)] = total.expression
        weights = tuple(self.graph.name(weight) for weight in self.graph.weights)
        return Formulas(self.entries, self.numbers, weights, tuple(dict.fromkeys(self.decided)))

    def _workspace(self) -> Workspace:
        """Return a workspace whose parameters and inputs are symbols, and its state constants."""
        trace, plan = self.trace, self.trace.plan
        own = trace.workspace
        state = {
            name: {key: self._constants(array) for key, array in own.slots[slot].items()}
            for name, slot in plan.state_slots.items()
        }
        held = [self._symbolic(each) for each in (own.parameters, own.frozen)]
        found = Workspace(plan, 1, held[0], held[1], state, lambda name: np.random.default_rng(0))
        for name, slot in plan.input_slots.items():
            array = np.asarray(own.slots[slot])
            if name not in plan.graph.integer_inputs:
                array = self._symbols(name, array)
            found.slots[slot] = read_only(array)
        found.slots[TRAINING] = False
        for slot in plan.saved_slots:
            found.slots[slot] = {}
        return found

    def _step(self, workspace: Workspace, step: Step) -> None:
        try:
            value = called(step, "forward", step.forward, self._handed(workspace, step))
            if step.new_state_slot is not None:
                value, workspace.slots[step.new_state_slot] = value
        except _FAILURES as error:
            self._refuse(step.where, error)
        found = self._read(step.where, value)
        check_value(step.node, found, 1, _OBJECTS)
        true = np.asarray(self.trace.slots[step.slot])
        self._agrees(step.where, np.vectorize(_number, otypes=[float])(found), true)
        group = self.groups[step.node.name]
        for entry, each in enumerate(found.reshape(-1), group.start):
            self.entries[self.graph.name(entry)] = each.expression
        workspace.put_value(step, found)

    def _cost(self, workspace: Workspace, targets: Mapping[str, Array]) -> SymbolicNumber:
        """Return C with its formula, penalties with it."""
        graph, total = workspace.plan.graph, None
        for each in workspace.plan.costs:
            for key, slot in each.given:
                array = np.asarray(targets[key])
                real = key in graph.cost and key not in graph.integer_targets
                workspace.slots[slot] = read_only(self._targets(key, array) if real else array)
            factor = targets.get(factor_key(each.output))
            try:
                value = called(each, "forward", each.forward, self._handed(workspace, each))
            except _FAILURES as error:
                self._refuse(each.where, error)
            found = self._read(each.where, value).reshape(-1)[0]
            found = found if factor is None else found * float(factor[0])
            total = found if total is None else total + found
        for term in Penalties(graph.penalties).terms:
            parameter = symbolic(read_only(workspace.parameters.views[term.path]), self.decided)
            try:
                total = total + term.forward(parameter)
            except _FAILURES as error:
                self._refuse(term.where, error)
        return total  # type: ignore[return-value]

    def _handed(self, workspace: Workspace, step: Called) -> list[Any]:
        """Return the slots that a component is called with, their arrays symbolic ones."""

        def handed(value: Any) -> Any:
            if isinstance(value, MappingProxyType):
                return MappingProxyType({key: symbolic(each, self.decided) for key, each in value.items()})
            return symbolic(value, self.decided) if getattr(value, "dtype", None) == _OBJECTS else value

        slots = workspace.handed_to(step).copy()
        for slot in range(len(slots)) if step.forward.slots is None else step.forward.slots:
            slots[slot] = handed(slots[slot])
        return slots

    def _true_cost(self, targets: Mapping[str, Array]) -> Any:
        return costs(self.trace.workspace, targets) + Penalties(self.trace.plan.graph.penalties).cost(
            self.trace.parameters.views
        )

    def _symbolic(self, vector: ParameterVector) -> ParameterVector:
        """Return parameters of symbols."""
        found = ParameterVector(np.empty(vector.vector.size, object), vector.shapes, vector.frozen)
        for path, view in vector.views.items():
            found.views[path][...] = self._symbols(path, view)
        return found

    def _symbols(self, name: str, array: Array) -> Array:
        group = self.groups[name]
        names = [self.graph.name(entry) for entry in range(group.start, group.stop)]
        return self._named(names, array)

    def _targets(self, output: str, array: Array) -> Array:
        alone, shape = len(self.trace.plan.graph.cost) == 1, array.shape[1:]
        letter = "y" if alone and "y" not in self.groups else None
        names = [entry_name(f"target of {output}", letter, index, shape) for index in np.ndindex(shape)]
        return self._named(names, array)

    def _named(self, names: list[str], array: Array) -> Array:
        values = [float(each) for each in array.reshape(-1)]
        self.numbers |= zip(names, values, strict=True)
        found = np.empty(len(names), object)
        found[:] = [
            SymbolicNumber(value, symbol(name), self.decided) for name, value in zip(names, values, strict=True)
        ]
        return found.reshape(array.shape)

    def _constants(self, array: Array) -> Array:
        return np.frompyfunc(lambda each: constant(each, self.decided), 1, 1)(np.asarray(array, object))  # type: ignore[no-any-return]

    def _read(self, where: str, value: Any) -> Array:
        """Return what a component computed with every entry a symbolic number; plain numbers do not depend on any."""
        found = np.empty(np.shape(value), object)
        for index, each in np.ndenumerate(np.asarray(value, object)):
            if isinstance(each, SymbolicNumber):
                found[index] = each
            elif is_constant(each):
                found[index] = constant(each, self.decided)
            else:
                self._refuse(where, TypeError(f"it left a {type(each).__name__} in the place of a number"))
        return found

    def _agrees(self, where: str, found: Any, true: Any) -> None:
        """Refuse formulas whose numbers are not those of the network's own pass."""
        close = float(np.sqrt(np.finfo(self.trace.dtype).eps))
        if not np.allclose(np.asarray(found, float), np.asarray(true, float), rtol=close, atol=close, equal_nan=True):
            self._refuse(where, ValueError("it computes something else with symbols than with numbers"))

    def _refuse(self, where: str, error: Exception) -> NoReturn:
        received = error.problem if isinstance(error, BpframeError) else f"{type(error).__name__}: {error}"
        problem = f"{where} does not take symbols: the network cannot be written as one formula"
        raise DerivativeError(problem, received=received, hint=_HINT) from error


def _number(each: SymbolicNumber) -> float:
    return each.value
