"""The mean cost as a function of one parameter or input at a time, from forward passes alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import costs, forward
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import factor_key, scale_of
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.graph import Graph
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.graph.randomness import stream
from bpframe.derivatives.first_order.pull_back import pull_back
from bpframe.derivatives.first_order.spaces import space_of
from bpframe.training.nonfinite import nonfinite_error
from bpframe.validation.plain_arrays import Array

__all__ = ["MeanCost", "in_dtype", "real_inputs"]


class MeanCost:
    """C(θ, x) of some examples in float64, and what back-propagation says of its derivatives.

    `arrays` are the parameters by path and the inputs that hold no integers by name, in this order; an input whose name
    is a path does not occur, since paths hold a dot. Random components draw the same numbers in every pass. Arrays are
    taken in float64; all else is the engine's, which is left as it is.
    """

    def __init__(
        self, engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool
    ) -> None:
        self.graph = engine.graph
        self.training = training
        self.inputs = in_dtype(inputs, np.float64)
        self.targets = in_dtype(targets, np.float64)
        self.batch = len(next(iter(inputs.values())))
        _bring_to_mean_1(self.targets, engine, self.batch)
        self._engine = engine.copy(np.float64)
        self.arrays: dict[str, Array] = {
            **self._engine.parameters.views,
            **{name: self.inputs[name] for name in real_inputs(engine.graph)},
        }
        self._passes: dict[str, _Pass] = {}

    def value(self, arrays: Mapping[str, Array]) -> Array:
        """Return C, eq. (5), with some arrays replaced, all real or all complex: a number as an array ()."""
        kind = next(iter(arrays.values())).dtype.kind
        if kind not in self._passes:
            self._passes[kind] = _Pass(self, self._engine, np.complex128 if kind == "c" else np.float64)
        return self._passes[kind].value(arrays)

    @cached_property
    def here(self) -> float:
        """C at these values.

        Errors: NonFiniteError that names the place where NaN or infinity begins.
        """
        with np.errstate(all="ignore"):
            trace = self.trace()
            found = float(np.add.reduce(costs(trace.workspace, self.targets))) / self.batch
            found += self._engine.penalties.cost(self._engine.parameters.views)
            if not np.isfinite(found):
                error = nonfinite_error(
                    trace.workspace, "in the forward pass of a gradient check", "all parameters as they were"
                )
                error.hint = "values at which the cost is finite: scaled inputs, smaller parameters"
                raise error
        return found

    def gradient(self) -> dict[str, Array]:
        """Return ∂C/∂θ and ∂C/∂x by back-propagation, BP1 to BP4, like `arrays`."""
        engine = self._engine.copy(np.float64)  # with random streams that have not begun
        drawing = any(step.generator_slot is not None for step in engine.plan.steps)
        if not drawing:
            # From its second pass on, a training takes another way; other values show what is kept from pass to pass.
            inputs, targets = (
                {name: array[::-1].copy() for name, array in each.items()} for each in (self.inputs, self.targets)
            )
            engine.gradient(inputs, targets, self.training)
        found = dict(engine.gradient(self.inputs, self.targets, self.training)[1])
        names = real_inputs(self.graph)
        if names:
            found |= self._input_gradient(names)
        return found

    def moved(self, changes: Mapping[str, Array]) -> MeanCost:
        """Return the function around another point."""
        engine = self._engine.copy(np.float64)
        for path, view in engine.parameters.items():
            view += changes[path]
        inputs = {name: array + changes[name] if name in changes else array for name, array in self.inputs.items()}
        return MeanCost(engine, inputs, self.targets, self.training)

    def trace(self) -> Trace:
        """Run forward and return the trace."""
        return self._engine.copy(np.float64).trace(self.inputs, self.training)

    def _input_gradient(self, names: tuple[str, ...]) -> dict[str, Array]:
        trace = self.trace()
        costs(trace.workspace, self.targets)
        deltas = output_errors(trace.workspace, 1.0 / self.batch)
        seeds = {each.output: deltas[each.value_slot] for each in trace.plan.costs}
        space = space_of(self.graph, "inputs", self.batch, np.float64)
        found = pull_back(trace, space, {name: seed for name, seed in seeds.items() if seed is not None})
        return {name: found.get(name, np.zeros_like(self.inputs[name])) for name in names}


class _Pass:
    """Forward passes in one dtype, through one trace."""

    def __init__(self, function: MeanCost, engine: Engine, dtype: Any) -> None:
        self.function = function
        self.seed = engine.seed
        self.penalties = engine.penalties
        self.parameters: ParameterVector = engine.parameters.like(engine.parameters.vector.astype(dtype))
        frozen = engine.frozen.like(engine.frozen.vector.astype(dtype))
        self.inputs = in_dtype(function.inputs, dtype)
        self.targets = in_dtype(function.targets, dtype)
        state = {node: in_dtype(named, dtype) for node, named in engine.state.items()}
        self.workspace = Workspace(engine.plan, function.batch, self.parameters, frozen, state, self._generator)

    def value(self, arrays: Mapping[str, Array]) -> Array:
        places = {name: self.parameters.views.get(name, self.inputs.get(name)) for name in arrays}
        kept = {name: place.copy() for name, place in places.items() if place is not None}
        for name in kept:
            places[name][...] = arrays[name]  # type: ignore[index]
        try:
            for step in self.workspace.plan.steps:
                if step.generator_slot is not None:
                    self.workspace.slots[step.generator_slot] = self._generator(step.node.name)
            forward(self.workspace, self.inputs, self.function.training)
            total: Array = np.asarray(np.add.reduce(costs(self.workspace, self.targets)) / self.function.batch)
            total = total + self.penalties.value(self.parameters.views)
        finally:
            for name, array in kept.items():
                places[name][...] = array  # type: ignore[index]
        return total

    def _generator(self, name: str) -> np.random.Generator:
        return stream(self.seed, "evaluation", name)


def _bring_to_mean_1(targets: dict[str, Array], engine: Engine, batch: int) -> None:
    """Correct weights whose mean is 1 but for the rounding of another dtype, which is no mistake of a gradient."""
    scale = scale_of(engine.plan.costs, targets, batch)
    for each, one in zip(engine.plan.costs, scale if isinstance(scale, tuple) else (), strict=False):
        key = factor_key(each.output)
        if key in targets:
            targets[key] = targets[key] * (batch * one)


def real_inputs(graph: Graph) -> tuple[str, ...]:
    """Return the inputs that have a derivative."""
    return tuple(name for name in graph.inputs if name not in graph.integer_inputs)


def in_dtype(arrays: Mapping[str, Array], dtype: Any) -> dict[str, Array]:
    """Return copies in this dtype; integers, which have no derivative, stay integers."""
    return {name: array.copy() if array.dtype.kind in "iub" else array.astype(dtype) for name, array in arrays.items()}
