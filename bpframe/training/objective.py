"""The mean cost of some examples as a function of a network's parameters: what `minimize` works on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.rows import rows_of
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum
from bpframe.derivatives.points.memory import MEMORY_LIMIT, example_bytes, portions
from bpframe.errors import NonFiniteError
from bpframe.training.batches import Samples, count_of
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.problem import Objective
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["NetworkObjective"]


class NetworkObjective(Objective):
    """The mean cost of `data` as a function of an engine's parameters.

    With `training` it is a mini-batch's: passes are part of training, so that random numbers are drawn anew in each,
    and `gradient` updates the network's state and refuses NaN. Otherwise the examples are gone through in portions.
    """

    def __init__(self, engine: Engine, data: Samples, memory_limit: int = MEMORY_LIMIT, training: bool = False) -> None:
        self.engine = engine
        self.count = count_of(data)
        self.size = engine.parameters.vector.size
        self.memory_limit = memory_limit
        self._inputs, self._targets = data
        self._training = training
        self._known: tuple[float, Array] | None = None
        self._passes: LeastSquares | None = None
        self._state = engine.state

    def cost(self, parameters: Array | None = None) -> float:
        """Return C at the given θ, or at the present one."""
        return self._least_squares.cost(self._theta if parameters is None else parameters)

    def gradient(self) -> tuple[float, Array]:
        """Return C and g, by BP1 to BP4; at an unchanged θ, without another pass."""
        if self._training:
            return self._training_gradient()
        self._see_state()
        if self._known is None:
            self._known = self._gradient()
        cost, gradient = self._known
        return cost, gradient.copy()

    @property
    def residual_count(self) -> int:
        """K: the rows of R."""
        return self._least_squares.residual_count()

    def residuals(self) -> tuple[float, Array, Array]:
        """Return C, R and ρ."""
        return self._limited.residuals(self._theta)

    def remainder(self) -> Array | None:
        """Return r = g − Rᵀρ, or None."""
        return self._least_squares.remainder(self._theta)

    def triangular(self) -> tuple[float, Array, Array]:
        """Return C, T and t."""
        return self._limited.triangular(self._theta)

    def linear_minimum(self) -> LinearMinimum:
        """Return the minimum of the linear model of the residuals."""
        return self._limited.linear_minimum(self._theta)

    def normal_equations(self) -> tuple[float, Array, Array]:
        """Return C, G and g."""
        return self._limited.normal_equations(self._theta)

    def residual_gram(self) -> tuple[float, Array, Array]:
        """Return C, R Rᵀ and ρ."""
        return self._limited.residual_gram(self._theta)

    def diagonal(self) -> Array:
        """Return the diagonal of G."""
        return self._least_squares.diagonal(self._theta)

    def residual_operator(self) -> tuple[float, LinearOperator, Array]:
        """Return C, R as a linear operator, and ρ."""
        return self._least_squares.residual_operator(self._theta)

    def bending(self, step: Array) -> Array:
        """Return 1/N Σ_n J_nᵀ H_n f̈_n along a step."""
        return self._least_squares.bending(self._theta, step)

    def kronecker_factors(self, samples: int | None, seed: int) -> Mapping[str, tuple[Array, Array]]:
        """Return KFAC's factors (A, B) by path."""
        return self._limited.kronecker_factors(self._theta, samples, seed)

    def by_path(self, vector: Array) -> Mapping[str, Array]:
        """Return the parts of a vector by parameter path."""
        return self.engine.parameters.like(vector).views

    def moved(self) -> None:
        """Forget what was computed at another θ."""
        self._known = None

    def refusal(self, when: str) -> NonFiniteError | None:
        """Return the error that names where NaN or infinity begins at the present θ; None where all is finite."""
        for rows in self._portions():
            with self.engine.lane() as lane:
                total, workspace = self.engine.differentiate(lane, *self._part(rows), False, "minimizing")
                if not math.isfinite(total) or not all_finite(lane.gradient.vector):
                    return nonfinite_error(workspace, when, "the parameters as they were")
        return None

    @property
    def _theta(self) -> Array:
        return self.engine.parameters.vector

    def _see_state(self) -> None:
        """Forget passes with another state than the network's: mini-batches replace it."""
        if self._state is not self.engine.state:
            self._state, self._known, self._passes = self.engine.state, None, None

    @property
    def _least_squares(self) -> LeastSquares:
        self._see_state()
        if self._passes is None:
            self._passes = LeastSquares(self.engine, self._inputs, self._targets, self.memory_limit, self._training)
        return self._passes

    @property
    def _limited(self) -> LeastSquares:
        found = self._least_squares
        found.memory_limit = self.memory_limit
        return found

    def _gradient(self) -> tuple[float, Array]:
        engine, portions = self.engine, self._portions()
        if len(portions) == 1:
            total, found = engine.gradient(self._inputs, self._targets, False, "minimizing")
            return total / self.count, found.vector
        total, gradient = 0.0, np.zeros_like(engine.parameters.vector)
        for rows in portions:
            cost, part = engine.gradient(*self._part(rows), False, "minimizing")
            total += cost
            gradient += part.vector * ((rows.stop - rows.start) / self.count)
        return total / self.count, gradient

    def _training_gradient(self) -> tuple[float, Array]:
        engine = self.engine
        with engine.lane() as lane:
            total, workspace = engine.differentiate(lane, self._inputs, self._targets, True, "training")
            if not math.isfinite(total) or not all_finite(lane.gradient.vector):
                raise nonfinite_error(workspace, "in a mini-batch", "the parameters before it")
            if engine.plan.state_slots:
                engine.state = workspace.new_state()
            return total / self.count, lane.gradient.vector.copy()

    def _portions(self) -> list[slice]:
        return portions(self.count, example_bytes(self.engine.graph.shapes.values(), self.engine.dtype))

    def _part(self, rows: slice) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        return rows_of(rows, self._inputs, self._targets)
