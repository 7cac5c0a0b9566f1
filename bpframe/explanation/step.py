"""One step of gradient descent, eq. (1), and what the gradient promised of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bpframe.core.graph.parameters import ParameterVector
from bpframe.explanation.formula import Atom, Minus, Partial, Symbol, Times
from bpframe.explanation.line import Line
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array

__all__ = ["Step", "step_of"]


@dataclass(frozen=True, eq=False)
class Step:
    """θ ← θ − η ∂C/∂θ, eq. (1): every parameter before and after, and the cost before and after.

    `lines` has the equation of every parameter with its numbers. `predicted` is −η ‖∇C‖², by which a cost would change
    that was a straight line along the step; `change` is by how much it does.
    """

    learning_rate: float
    before: Mapping[str, Array]
    gradient: Mapping[str, Array]
    after: Mapping[str, Array]
    lines: tuple[Line, ...]
    cost_before: float
    cost_after: float
    predicted: float

    @property
    def change(self) -> float:
        """How much the cost changes."""
        return self.cost_after - self.cost_before

    @property
    def says(self) -> str:
        """What became of the prediction, in words."""
        if not np.isfinite([self.change, self.predicted]).all():
            return "the cost is not finite"
        if self.predicted == 0:
            return "the gradient is zero: there is no way down from here"
        share = self.change / self.predicted
        if self.change > 0:
            return "the cost went up: the step is too long for the straight line; a smaller learning rate goes down"
        if share < 0.5:
            return f"the cost fell by {share:.0%} of what a straight line promises: the cost bends along so long a step"
        if share > 1.5:
            return f"the cost fell by {share:.0%} of what a straight line promises: it gets steeper on the way"
        return f"the cost fell by {share:.0%} of what a straight line promises"


def step_of(worked: Worked, learning_rate: float) -> Step | None:
    """Take one step in a copy of the network; None where there is nothing to train."""
    if not worked.gradient.vector.size:
        return None
    engine = worked.engine.copy()
    before = _views(worked.trace.parameters)
    engine.parameters.vector[:] = worked.trace.parameters.vector - learning_rate * worked.gradient.vector
    after = _views(engine.parameters)
    cost = engine.total_cost(worked.inputs, worked.targets)
    wide = worked.gradient.vector.astype(np.float64)
    return Step(
        learning_rate=learning_rate,
        before=before,
        gradient=_views(worked.gradient),
        after=after,
        lines=tuple(_line(worked, path, before[path], after[path], learning_rate) for path in before),
        cost_before=worked.cost,
        cost_after=float(cost),
        predicted=-learning_rate * float(wide @ wide),
    )


def _line(worked: Worked, path: str, before: Array, after: Array, learning_rate: float) -> Line:
    symbol = worked.notation.parameters[path]
    rate, slope = Symbol("η"), Partial(worked.notation.cost, symbol)
    values: dict[Atom, Array] = {symbol: before, rate: np.asarray(learning_rate), slope: worked.gradient[path]}
    symbols = Minus(symbol, Times((rate, slope)))
    return Line("1", symbol, symbols, values, after, f"the parameter {path}", path, symbol.layer, arrow=True)


def _views(vector: ParameterVector) -> dict[str, Array]:
    found = {path: view.copy() for path, view in vector.views.items()}
    for view in found.values():
        view.flags.writeable = False
    return found
