"""Which way the damped Gauss–Newton equations are solved."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from bpframe.extend import Array, Objective
from bpframe_minimizers.damped import Damped, Dual, Gram, Normal, Triangular
from bpframe_minimizers.iterative import Iterative

__all__ = ["Solver", "Solving", "units"]

Solver: TypeAlias = Literal["auto", "normal", "qr", "dual", "lsmr"]

#: From so many parameters on, products with R cost less than factoring a matrix of their number squared.
MANY = 4000

#: How many roundings of the longest column a column is long that is zero.
ROUNDING = 10


class Solving:
    """Sets the damped equations up at one θ after another, and the scaling D with them.

        normal      G + μD², the normal equations
        qr          [T; √μ D], from a triangular factor
        dual        R D⁻²Rᵀ + μ, a row per residual
        lsmr        products with R and Rᵀ alone

    `auto` is dual for fewer residuals than parameters; else normal, and qr where that would leave a step fewer than
    four digits; and lsmr where neither matrix fits into the memory limit, or parameters are very many.

    D: the largest lengths so far of R's columns, or ones.
    """

    def __init__(self, solver: Solver, scaled: bool, memory_limit: int, tolerance: float = 1e-6) -> None:
        self.solver = solver
        self.scaled = scaled
        self.memory_limit = memory_limit
        self.tolerance = tolerance
        self._largest: Array | None = None
        self._imprecise = 0.0
        self._last: Damped | None = None

    def at(self, objective: Objective, damping: float) -> Damped:
        """Return the damped equations at the present θ, ready for steps with a damping near this one."""
        if isinstance(self._last, Normal):
            self._imprecise = max(self._imprecise, self._last.imprecise)
        system = self._last = self._system(objective, damping)
        system.scale(self._scaling(system.norms) if self.scaled else None)
        return system

    def _system(self, objective: Objective, damping: float) -> Damped:
        solver = self._choice(objective) if self.solver == "auto" else self.solver
        if solver == "qr" or (self.solver == "auto" and solver == "normal" and damping <= self._imprecise):
            return _triangular(objective)
        if solver == "normal":
            precise = (lambda: _triangular(objective)) if self.solver == "auto" else None
            return Normal(objective.normal_equations(), precise)
        if solver == "dual":
            if self._fits(objective.residual_count, objective.size, objective):
                return Dual(objective.residuals(), objective.remainder())
            return Gram(objective.residual_gram(), objective.residual_operator()[1], objective.remainder())
        norms = np.sqrt(objective.diagonal()) if self.scaled else np.ones(objective.size)
        return Iterative(objective.residual_operator(), norms, objective.remainder(), self.tolerance)

    def _choice(self, objective: Objective) -> Solver:
        rows, size = objective.residual_count, objective.size
        if rows < size and rows <= MANY and self._fits(rows, rows, objective):
            return "dual"
        return "normal" if size <= MANY and self._fits(size, size, objective) else "lsmr"

    def _fits(self, rows: int, columns: int, objective: Objective) -> bool:
        return rows * columns * 8 <= self.memory_limit

    def _scaling(self, norms: Array) -> Array:
        self._largest = norms if self._largest is None else np.maximum(self._largest, norms)
        return units(self._largest)


def units(norms: Array) -> Array:
    """Return the lengths of columns as units for their parameters.

    A column that is zero within rounding, beside the longest, has no unit of its own and gets the longest's: in a tiny
    one, such as the biases of keys that softmax cancels, rounding would become a step that leads anywhere.
    """
    longest = norms.max(initial=0)
    if not longest > 0:
        return np.ones_like(norms)
    return np.where(norms > ROUNDING * np.finfo(norms.dtype).eps * longest, norms, longest)


def _triangular(objective: Objective) -> Triangular:
    return Triangular(objective.triangular(), objective.remainder())
