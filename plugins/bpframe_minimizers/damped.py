"""Damped Gauss–Newton steps: one model of the cost, several ways to find its damped minimum."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.extend import Array

__all__ = ["Damped", "Dual", "Gram", "Normal", "Triangular"]


#: Where the reciprocal of a condition number is below so many roundings, the step would be wrong in its fourth digit.
LEAST = 1e4


class Damped(ABC):
    """The quadratic model of a cost at one θ, and its damped minimum.

        m(Δ) = C + gᵀΔ + ½ ‖RΔ‖²,    (RᵀR + μ D²) Δ = −g,    g = Rᵀρ + r

    Solved for D Δ, with the columns of R D⁻¹. Attributes: `cost` C; `gradient` g, (P,); `norms`, the lengths of R's
    columns, (P,).

    Source: Nocedal and Wright, Numerical Optimization (2nd ed., 2006), chapter 10.
    """

    cost: float
    gradient: Array
    norms: Array

    def scale(self, scaling: Array | None) -> None:
        """Set the diagonal D, (P,); None stands for ones. Comes before the first step."""
        self._d = scaling
        self._g = self._per_scale(self.gradient)
        self._prepare()

    def step(self, damping: float) -> Array | None:
        """Return Δ for a positive damping μ, or None where it cannot be found in the network's precision."""
        with np.errstate(all="ignore"):
            scaled = self._solve(damping)
            if scaled is None or not np.isfinite(scaled).all():
                return None
            return self._per_scale(scaled).astype(self.gradient.dtype, copy=False)

    def correction(self, bending: Array, damping: float) -> Array | None:
        """Return a with (RᵀR + μ D²) a = −b for another right side b, (P,), after a step with this damping."""
        if not np.isfinite(bending).all():
            return None
        other = copy.copy(self)
        other._take(self._per_scale(bending))
        return other.step(damping)

    def predicted(self, step: Array, damping: float) -> float:
        """Return how far the model says that the cost falls, C − m(Δ), for the step that belongs to this damping.

        ½ Δᵀ(μ D²Δ − g), which holds at the damped minimum and subtracts nothing that nearly agrees.
        """
        scaled = self._scaled(step)
        return 0.5 * (damping * float(scaled @ scaled) - float(self._g @ scaled))

    def length(self, step: Array) -> float:
        """Return ‖D Δ‖."""
        return float(np.linalg.norm(self._scaled(step)))

    def _scaled(self, step: Array) -> Array:
        return step if self._d is None else step * self._d

    def _per_scale(self, array: Array) -> Array:
        """Return R D⁻¹ for R, and D⁻¹g for g."""
        return array if self._d is None else array / self._d

    @abstractmethod
    def _take(self, right: Array) -> None:
        """Have D⁻¹b in place of D⁻¹g, without a change of what others hold."""

    @abstractmethod
    def _prepare(self) -> None:
        """Do what is the same for every damping."""

    @abstractmethod
    def _solve(self, damping: float) -> Array | None:
        """Return D Δ."""


class Normal(Damped):
    """Solve D⁻¹GD⁻¹ + μ, the normal equations: the fastest way, at twice the digits lost to an ill-conditioned R.

    `equations` are C, G and g. `precise` returns another way of solving at the same θ: it is asked where the damped
    matrix is so ill-conditioned that the step would have fewer than four digits. `imprecise` is the largest damping at
    which it was.
    """

    def __init__(self, equations: tuple[float, Array, Array], precise: Callable[[], Damped] | None = None) -> None:
        self.cost, self._matrix, self.gradient = equations
        self.norms = np.sqrt(self._matrix.diagonal()).astype(self.gradient.dtype, copy=False)
        self.imprecise = 0.0
        self._precise = precise
        self._other: Damped | None = None

    def _prepare(self) -> None:
        self._square = self._matrix if self._d is None else self._matrix / self._d / self._d[:, None]
        if self._other is not None:
            self._other.scale(self._d)

    def _take(self, right: Array) -> None:
        self._g = right
        self._precise = None if self._other is None else self._precise  # as precise as the step was
        if self._other is not None:
            self._other = copy.copy(self._other)
            self._other._take(right)

    def _solve(self, damping: float) -> Array | None:
        damped = _with_damping(self._square, damping)
        if self._precise is None or _is_precise(damped, damping):
            return _solved(damped, -self._g)
        self.imprecise = max(self.imprecise, damping)
        if self._other is None:
            self._other = self._precise()
            self._other.scale(self._d)
        return self._other._solve(damping)


class Triangular(Damped):
    """Factor [T D⁻¹; √μ] by orthogonal transformations, R = Q T: no condition number is squared.

    `factor` is C, T and t = Qᵀρ; T may be any matrix with TᵀT = RᵀR. The remainder r enters beside the damping's rows:
    the solution is then that of the equations with g.
    """

    def __init__(self, factor: tuple[float, Array, Array], remainder: Array | None = None) -> None:
        self.cost, self._factor, self._t = factor
        self._remainder = remainder
        self.gradient = self._factor.T @ self._t
        if remainder is not None:
            self.gradient = self.gradient + remainder
        self.norms = np.linalg.norm(self._factor, axis=0)

    def _prepare(self) -> None:
        self._scaled_factor = self._per_scale(self._factor)
        self._rest = None if self._remainder is None else self._per_scale(self._remainder)

    def _take(self, right: Array) -> None:
        self._t, self._rest = np.zeros_like(self._t), right

    def _solve(self, damping: float) -> Array | None:
        matrix, root = self._scaled_factor, math.sqrt(damping)
        height, size = matrix.shape
        stacked = np.zeros((height + size, size + 1), matrix.dtype, order="F")
        stacked[:height, :size] = matrix
        stacked[:height, size] = self._t
        np.fill_diagonal(stacked[height:, :size], root)
        if self._rest is not None:
            stacked[height:, size] = self._rest / root
        upper: Array = np.asarray(np.linalg.qr(stacked, mode="r"))
        return _solved(upper[:size, :size], -upper[:size, size])


class Dual(Damped):
    """Solve with a matrix per residual in place of one per parameter: (R D⁻²Rᵀ + μ) w = ρ, Δ = −D⁻²Rᵀw.

    For fewer residuals than parameters. `residuals` are C, R and ρ. Where the damped matrix is so ill-conditioned that
    the step would have fewer than four digits, an orthogonal basis of R's rows takes its place.
    """

    def __init__(self, residuals: tuple[float, Array, Array], remainder: Array | None = None) -> None:
        self.cost, self._rows, self._rho = residuals
        self._remainder = remainder
        self.gradient = self._pull(self._rows, self._rho)
        if remainder is not None:
            self.gradient = self.gradient + remainder
        self.norms = np.linalg.norm(self._rows, axis=0)

    def _prepare(self) -> None:
        self._scaled_rows = self._per_scale(self._rows)
        self._square = self._scaled_rows @ self._scaled_rows.T
        self._rest = None if self._remainder is None else self._per_scale(self._remainder)
        self._basis: tuple[Array, Triangular] | None = None

    def _take(self, right: Array) -> None:
        self._rho, self._rest, self._basis = np.zeros_like(self._rho), right, None

    def _pull(self, rows: Any, w: Array) -> Array:
        pulled: Array = rows.T @ w
        return pulled

    def _solve(self, damping: float) -> Array | None:
        damped = _with_damping(self._square, damping)
        if not _is_precise(damped, damping):
            return self._precisely(damping)
        w = _solved(damped, self._rho)
        if w is None:
            return None
        found = -self._pull(self._scaled_rows, w)
        if self._rest is not None:  # (R̃ᵀR̃ + μ)⁻¹ = (1 − R̃ᵀ(R̃R̃ᵀ + μ)⁻¹R̃) / μ
            seen = _solved(damped, self._scaled_rows @ self._rest)
            if seen is None:
                return None
            found += (self._pull(self._scaled_rows, seen) - self._rest) / damping
        return found

    def _precisely(self, damping: float) -> Array | None:
        """Solve for the coefficients of D Δ in an orthogonal basis of the rows, R̃ᵀ = Q T."""
        if self._basis is None:
            basis, triangle = np.linalg.qr(self._scaled_rows.T)
            inner = Triangular((self.cost, triangle.T, self._rho), None if self._rest is None else basis.T @ self._rest)
            inner.scale(None)
            self._basis = basis, inner
        basis, inner = self._basis
        found = inner._solve(damping)
        if found is None:
            return None
        step: Array = basis @ found
        if self._rest is not None:
            step += (basis @ (basis.T @ self._rest) - self._rest) / damping
        return step


class Gram(Dual):
    """The dual way with R Rᵀ from the operators' structure and R as a linear operator: R is never written out.

    `inner` are C, R Rᵀ and ρ. D is one, because R's columns are not at hand.
    """

    def __init__(self, inner: tuple[float, Array, Array], operator: Any, remainder: Array | None = None) -> None:
        self.cost, self._inner, self._rho = inner
        self._rows = operator
        self._remainder = remainder
        self.gradient = self._pull(operator, self._rho)
        if remainder is not None:
            self.gradient = self.gradient + remainder
        self.norms = np.ones_like(self.gradient)

    def _prepare(self) -> None:
        self._d = None
        self._scaled_rows, self._square, self._rest = self._rows, self._inner, self._remainder

    def _precisely(self, damping: float) -> Array | None:
        return None


# NumPy's own linear algebra alone: SciPy brings a second library with threads of its own, and where both are used in
# turns, each waits for the other's threads. A triangular matrix is solved without a change of its entries.


def _with_damping(square: Array, damping: float) -> Array:
    damped = square.copy()
    damped.reshape(-1)[:: len(damped) + 1] += damping
    return damped


def _is_precise(damped: Array, damping: float) -> bool:
    """Whether a step from a positive semi-definite matrix with this damping has four digits."""
    least = LEAST * float(np.finfo(damped.dtype).eps)
    if damping > least * float(np.trace(damped)):  # the smallest eigenvalue, and no less than the largest
        return True
    try:
        inverse = np.linalg.inv(damped)
    except np.linalg.LinAlgError:
        return False
    return bool(np.linalg.norm(damped) * np.linalg.norm(inverse) * least < 1)


def _solved(matrix: Array, right: Array) -> Array | None:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return None
