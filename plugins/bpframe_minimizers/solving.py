"""Which way the damped Gauss–Newton equations are solved."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from bpframe.extend import Array, LinearMinimum, Objective
from bpframe_minimizers.damped import Damped, Dual, Gram, Normal, Triangular
from bpframe_minimizers.iterative import Iterative

__all__ = ["ShortColumns", "Solver", "Solving", "units"]

Solver: TypeAlias = Literal["auto", "normal", "qr", "dual", "lsmr"]

#: From so many parameters on, products with R cost less than factoring a matrix of their number squared.
MANY = 4000

#: Up to so many parameters the singular values of their Jacobian and looks at single columns cost little in a run.
FEW = 500

#: How many roundings of the longest column a column is long that may be zero.
ROUNDING = 10

#: Forward and reverse mode agree this well on a column that is more than rounding.
AGREEMENT = 1e-4


class Solving:
    """Sets the damped equations up at one θ after another, and the scaling D with them.

        normal      G + μD², the normal equations
        qr          [T; √μ D], from a triangular factor
        dual        R D⁻²Rᵀ + μ, a row per residual
        lsmr        products with R and Rᵀ alone

    `auto` is dual for fewer residuals than parameters; else normal, and qr where that would leave a step fewer than
    four digits; and lsmr where neither matrix fits into the memory limit, or parameters are very many.

    D: the largest lengths so far of R's columns, or ones. With a `start`, the reciprocals of its entries, times the
    largest effect that a change of one by itself has; parameters that start at zero have the lengths of their columns.
    """

    def __init__(
        self, solver: Solver, scaled: bool, memory_limit: int, tolerance: float = 1e-6, start: Array | None = None
    ) -> None:
        self.solver = solver
        self.scaled = scaled
        self.memory_limit = memory_limit
        self.tolerance = tolerance
        self._start = None if start is None else np.abs(start)
        self._largest: Array | None = None
        self._short = ShortColumns()
        self._imprecise = 0.0
        self._last: Damped | None = None

    def kept(self) -> dict[str, Any]:
        """Return what the equations at the next θ follow from, beside it."""
        self._look_back()
        arrays = {"start": self._start, "largest": self._largest}
        return {**arrays, "imprecise": self._imprecise, "short": self._short.kept()}

    def go_on(self, kept: dict[str, Any]) -> None:
        """Begin with what others have kept."""
        self._start, self._largest, self._imprecise = kept["start"], kept["largest"], kept["imprecise"]
        self._short.go_on(kept["short"])

    def _look_back(self) -> None:
        """Note up to which damping the last equations were too imprecise."""
        if isinstance(self._last, Normal):
            self._imprecise = max(self._imprecise, self._last.imprecise)

    def at(self, objective: Objective, damping: float) -> Damped:
        """Return the damped equations at the present θ, ready for steps with a damping near this one."""
        self._look_back()
        system = self._last = self._system(objective, damping)
        system.scale(self._scaling(system.norms, objective) if self.scaled else None)
        return system

    def linear_minimum(self, objective: Objective) -> LinearMinimum | None:
        """Return the minimum of the linear model, or None where it costs too much or is not that of the cost."""
        size = objective.size
        if size > FEW or not self._fits(size, size, objective) or objective.remainder() is not None:
            return None
        return objective.linear_minimum()

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

    def _scaling(self, norms: Array, objective: Objective) -> Array:
        self._largest = norms if self._largest is None else np.maximum(self._largest, norms)
        columns = units(self._largest, self._short.trusted(self._largest, norms, objective))
        if self._start is None:
            return columns
        effect = (norms * self._start).max(initial=0)
        where = (self._start > 0) & (effect > 0)
        columns[where] = effect / self._start[where]
        return columns


class ShortColumns:
    """Tells very short columns that are more than rounding: those that forward mode finds as long as reverse mode."""

    def __init__(self) -> None:
        self._judged: dict[int, bool] = {}

    def kept(self) -> dict[str, bool]:
        """Return which columns were judged, and how."""
        return {str(column): judged for column, judged in self._judged.items()}

    def go_on(self, kept: dict[str, bool]) -> None:
        """Begin with these judgements."""
        self._judged = {int(column): judged for column, judged in kept.items()}

    def trusted(self, lengths: Array, norms: Array, objective: Objective) -> Array:
        """Return which columns count although they are very short by their `lengths` so far, (P,); `norms` are here.

        None does among very many, each of which would cost a forward pass.
        """
        trusted = np.zeros(norms.shape, bool)
        if len(norms) > FEW:
            return trusted
        for column in np.flatnonzero((lengths > 0) & (lengths <= _least(lengths))).tolist():
            if column not in self._judged:
                unit = np.zeros_like(norms)
                unit[column] = 1
                pushed = np.linalg.norm(objective.residual_operator()[1].matvec(unit))
                self._judged[column] = bool(abs(pushed - norms[column]) <= AGREEMENT * norms[column])
            trusted[column] = self._judged[column]
        return trusted


def units(norms: Array, trusted: Array | bool = False) -> Array:
    """Return the lengths of columns as units for their parameters.

    A column that is zero within rounding, beside the longest, has no unit of its own and gets the longest's: in a tiny
    one, such as the biases of keys that softmax cancels, rounding would become a step that leads anywhere. Those that
    are `trusted` keep their own however short they are: where parameters are 10¹² and 10⁻⁷, so are columns.
    """
    longest = norms.max(initial=0)
    if not longest > 0:
        return np.ones_like(norms)
    return np.where((norms > _least(norms)) | (trusted & (norms > 0)), norms, longest)


def _least(norms: Array) -> Any:
    return ROUNDING * np.finfo(norms.dtype).eps * norms.max(initial=0)


def _triangular(objective: Objective) -> Triangular:
    return Triangular(objective.triangular(), objective.remainder())
