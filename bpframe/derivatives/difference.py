"""Products with the Hessian of the cost as differences of gradients, for networks without second order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.derivatives.linearisation import Linearisation
from bpframe.derivatives.pull_back import pull_back
from bpframe.derivatives.spaces import Space
from bpframe.engine import Engine
from bpframe.parameters import ParameterVector

__all__ = ["DifferenceProduct"]

Array = np.ndarray[Any, Any]


class DifferenceProduct:
    """The map v ↦ Σ_n ∂²C_n/∂θ² v from four gradients for each vector, in the inputs likewise.

        D(h) = (g(θ + h d) − g(θ − h d)) / 2h,    H d ≈ (4 D(h/2) − D(h)) / 3,    d = v max(1, ‖θ‖∞) / ‖v‖∞

    with h = ε^{1/5} and ε the dtype's rounding unit, where the formula's error h⁴ and the rounding error ε/h balance:
    7e-4 in float64 and 0.04 in float32, as the largest change of an entry relative to the largest entry (or to 1).
    The result is good to about ε^{4/5} where gradients are smooth within that distance; across a kink it means
    nothing.

    Random components draw the same numbers each time. No hessian and no second order is asked for.

    Source: Richardson (1927), for the extrapolation; Griewank and Walther, Evaluating Derivatives (2nd ed., 2008),
    section 3.1, for the balance of errors.
    """

    def __init__(
        self,
        engine: Engine,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        space: Space,
        training: bool,
        parameters: ParameterVector,
    ) -> None:
        self.space = space
        self.batch = len(next(iter(inputs.values())))
        self._engine = engine
        self._inputs = inputs
        self._targets = targets
        self._training = training
        self._parameters = parameters
        at = parameters.views if space.wrt == "parameters" else inputs
        self._at = {name: at[name] for name in space.shapes}
        random = [step.node.name for step in engine.plan.steps if step.generator_slot is not None]
        self._generators = [engine.generator(name, "evaluation") for name in random]
        self._states = [generator.bit_generator.state for generator in self._generators]

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply: (*S, *shape) by name, where what is left out does not change -> the same."""
        space = self.space
        found = {name: np.zeros((*stack, *shape), space.dtype) for name, shape in space.shapes.items()}
        for place in np.ndindex(*stack):
            for name, value in self._along({name: array[place] for name, array in change.items()}).items():
                found[name][place] = value
        return found

    def _along(self, change: Mapping[str, Array]) -> dict[str, Array]:
        length = max((float(np.abs(array).max(initial=0.0)) for array in change.values()), default=0.0)
        if length == 0.0:
            return {}
        size = max(1.0, *(float(np.abs(array).max(initial=0.0)) for array in self._at.values()))
        h = float(np.finfo(self.space.dtype).eps) ** 0.2 * size / length
        wide, narrow = self._difference(change, h), self._difference(change, h / 2)
        return {name: (4 * narrow[name] - wide[name]) / 3 for name in wide}

    def _difference(self, change: Mapping[str, Array], h: float) -> dict[str, Array]:
        ahead, behind = self._gradient(change, h), self._gradient(change, -h)
        return {name: (ahead[name] - behind[name]) / (2 * h) for name in ahead}

    def _gradient(self, change: Mapping[str, Array], h: float) -> dict[str, Array]:
        """Return Σ_n g_n at θ + h v; the changes are added in the network's dtype."""
        moved = {name: self._at[name] + h * array for name, array in change.items()}
        parameters, inputs = self._parameters, self._inputs
        if self.space.wrt == "parameters":
            parameters = parameters.copy()
            for path, array in moved.items():
                parameters[path] = array
        else:
            inputs = {**inputs, **moved}
        for generator, state in zip(self._generators, self._states, strict=True):
            generator.bit_generator.state = state
        point = Linearisation.at(self._engine, inputs, self._targets, self._training, parameters)
        return pull_back(point.trace, self.space, point.errors)
