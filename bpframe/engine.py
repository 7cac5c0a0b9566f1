"""A graph with its arrays: parameters, gradient and state, and the traces that are used again and again."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.backward import backward, output_errors
from bpframe.execution.recording import Wanted
from bpframe.forward import costs, forward
from bpframe.graph import Graph
from bpframe.parameters import ParameterVector, initial_parameters
from bpframe.plan import Plan
from bpframe.program import Program
from bpframe.randomness import stream
from bpframe.trace import NodeState, Trace, initial_state

__all__ = ["Engine"]

Array = np.ndarray[Any, Any]

#: How many examples an evaluation runs at once, so that its memory does not grow with the data.
EVALUATION_BATCH = 1024

#: How many traces of different batch sizes are kept for another use.
KEPT_TRACES = 4

#: How many numbers the values of an evaluation pass may be for it to be recorded and repeated.
SMALL_PASS = 1 << 16

#: How many evaluation passes are kept to be repeated.
KEPT_EVALUATIONS = 16


class Engine:
    """Runs a graph. Callers have checked their arrays; every array here has the network's dtype.

    `gradient` is overwritten by each call of `differentiate`; the layout is that of `parameters`.
    """

    def __init__(self, graph: Graph, dtype: Any, seed: int) -> None:
        self.graph = graph
        self.plan = Plan(graph)
        self.seed = seed
        self.dtype = np.dtype(dtype)
        self.parameters = initial_parameters(graph, self.dtype, seed)
        self.gradient = self.parameters.like()
        self.state: Mapping[str, NodeState] = initial_state(graph, self.dtype)
        self._kept: OrderedDict[tuple[int, str], Trace] = OrderedDict()
        self._programs: dict[tuple[int, str], Program] = {}
        self._evaluations: OrderedDict[tuple[int, Wanted], Program] = OrderedDict()
        self._entries = sum(math.prod(shape) for shape in graph.shapes.values())
        self._generators: dict[tuple[str, str], np.random.Generator] = {}

    def reseed(self, seed: int) -> None:
        """Start every random stream of training (dropout, ...) anew from this seed."""
        self.seed = seed
        self._generators.clear()
        self._kept.clear()
        self._programs.clear()
        self._evaluations.clear()

    def generator(self, name: str, purpose: str) -> np.random.Generator:
        """Return the random stream of one node, or of one other job, in passes of one purpose."""
        key = (name, purpose)
        if key not in self._generators:
            self._generators[key] = stream(self.seed, purpose, name)
        return self._generators[key]

    def trace(
        self, inputs: Mapping[str, Array], training: bool = False, parameters: ParameterVector | None = None
    ) -> Trace:
        """Run a batch forward and return its trace, whose values nobody else writes.

        Its Jacobians read from `parameters`: the engine's own, which training changes, where none are given.
        """
        trace = self.new_trace(len(next(iter(inputs.values()))), "evaluation", parameters)
        forward(trace, inputs, training)
        return trace

    def differentiate(
        self, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool, purpose: str = "evaluation"
    ) -> tuple[float, Trace]:
        """Write the gradient of the mean cost into `gradient`; return the summed cost and the trace.

        The trace is used again by the next call with as many examples. A repeated pass keeps no node's value in it.
        """
        batch = len(next(iter(inputs.values())))
        trace = self.kept_trace(batch, purpose)
        self.hand_in_state(trace)
        if trace.checked:
            program = self._programs.get((batch, purpose))
            if program is None or program.training is not training:
                program = self._programs[batch, purpose] = Program(trace, training)
            return program.run(inputs, targets, 1.0 / batch), trace
        forward(trace, inputs, training)
        total = float(np.add.reduce(costs(trace, targets)))
        deltas = output_errors(trace, 1.0 / batch)  # BP1
        backward(trace, self.plan.to_parameters, deltas, trace.slots)  # BP2, BP3, BP4
        trace.checked = True
        return total, trace

    def program(self, batch: int, purpose: str) -> Program | None:
        """Return what repeats passes of this size and purpose, or None before the second."""
        return self._programs.get((batch, purpose))

    def outputs(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all examples, computed in portions."""
        count = len(next(iter(inputs.values())))
        shapes = self.graph.shapes
        found = {name: np.empty((count, *shapes[name]), self.dtype) for name in self.graph.outputs}
        if self._is_small(count):
            trace, _ = self._evaluated(Wanted.OUTPUTS, inputs, {}, count)
            for name, array in found.items():
                array[...] = trace[name]
            return found
        for rows, trace in self._portions(inputs, count):
            for name, array in found.items():
                array[rows] = trace[name]
        return found

    def total_cost(self, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> float:
        """Return the cost summed over all examples, computed in portions."""
        count = len(next(iter(inputs.values())))
        if self._is_small(count):
            return self._evaluated(Wanted.COSTS, inputs, targets, count)[1]
        total = 0.0
        for rows, trace in self._portions(inputs, count):
            total += float(np.add.reduce(costs(trace, {name: array[rows] for name, array in targets.items()})))
        return total

    def kept_trace(self, batch: int, purpose: str) -> Trace:
        """Return the trace that passes of this size and purpose share."""
        key = (batch, purpose)
        trace = self._kept.get(key)
        if trace is None:
            trace = self._kept[key] = self.new_trace(batch, purpose)
            if len(self._kept) > KEPT_TRACES:
                self._programs.pop(self._kept.popitem(last=False)[0], None)
        else:
            self._kept.move_to_end(key)
        return trace

    def _is_small(self, count: int) -> bool:
        """Whether a pass spends more time between NumPy's calls than in them, so that it pays to record it."""
        return 0 < count <= EVALUATION_BATCH and count * self._entries <= SMALL_PASS

    def _evaluated(
        self, wanted: Wanted, inputs: Mapping[str, Array], targets: Mapping[str, Array], count: int
    ) -> tuple[Trace, float]:
        """Do an evaluation pass as a program; return the trace, with the outputs where wanted, and the summed cost."""
        key = (count, wanted)
        program = self._evaluations.get(key)
        if program is None:
            trace = self.new_trace(count, "evaluation")
            forward(trace, inputs)
            total = 0.0 if wanted is Wanted.OUTPUTS else float(np.add.reduce(costs(trace, targets)))
            trace.checked = True
            self._evaluations[key] = Program(trace, False, wanted)
            if len(self._evaluations) > KEPT_EVALUATIONS:
                self._evaluations.popitem(last=False)
            return trace, total
        self._evaluations.move_to_end(key)
        self.hand_in_state(program.trace)
        return program.trace, program.run(inputs, targets)

    def _portions(self, inputs: Mapping[str, Array], count: int) -> Iterator[tuple[slice, Trace]]:
        trace = self.new_trace(min(count, EVALUATION_BATCH), "evaluation")
        for start in range(0, max(count, 1), EVALUATION_BATCH):
            rows = slice(start, min(start + EVALUATION_BATCH, count))
            if rows.stop - rows.start != trace.batch:
                trace = self.new_trace(rows.stop - rows.start, "evaluation")
            forward(trace, {name: array[rows] for name, array in inputs.items()})
            yield rows, trace
            trace.checked = True

    def new_trace(self, batch: int, purpose: str, parameters: ParameterVector | None = None) -> Trace:
        """Return a trace that nothing has run through, with the present state; it reads `parameters`, or the own ones.

        Random numbers come from the streams of `purpose`.
        """
        return Trace(
            self.plan,
            batch,
            self.parameters if parameters is None else parameters,
            self.state,
            lambda name: self.generator(name, purpose),
            self.gradient,
        )

    def hand_in_state(self, trace: Trace) -> None:
        """Give a trace that is used again the state that the network has now."""
        for name, slot in self.plan.state_slots.items():
            trace.slots[slot] = self.state[name]
