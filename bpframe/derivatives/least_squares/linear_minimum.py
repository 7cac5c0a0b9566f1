"""How far parameters are from a least-squares minimum, as the residuals and their Jacobian see it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["LinearMinimum", "linear_minimum"]


#: A point is a minimum where that of the linear model is within this share of the standard errors, or where no more
#: than rounding and this share of each parameter is between the two.
NEAR, SHARE = 1e-3, 1e-6

#: Singular values up to so many roundings per column, beside the largest, are zero.
ROUNDINGS = 10


@dataclass(frozen=True)
class LinearMinimum:
    """The minimum of ‖ρ + RΔ‖: of the residuals, if they were linear in the parameters.

        R D⁻¹ = U S Vᵀ,    Δ = −D⁻¹ V S⁺ Uᵀρ,    Pρ = U Uᵀρ

    D holds the lengths of R's columns, so that units of parameters do not matter. P projects on the column space of R;
    singular values that are zero within rounding do not belong to it. At a minimum Pρ = 0: this sees what the angles
    between ρ and single columns miss where columns are nearly parallel.

    Shapes: lengths (P,), of R's columns; scale D (P,), which has ones for zeros; singular (P,); right Vᵀ (P, P); known
    (P,), the singular values that count; along Uᵀρ (P,), zero for the others. `theta` is the point, `size` ‖ρ‖, `count`
    the number of residuals, `rounding` how far rounding each parameter would move the residuals.

    Source: Bates and Watts, A Relative Offset Orthogonality Convergence Criterion for Nonlinear Least Squares (1981);
    Golub and Van Loan, Matrix Computations (4th ed., 2013), section 5.5, for singular values that are rounding.
    """

    theta: Array
    lengths: Array
    scale: Array
    singular: Array
    right: Array
    known: Array
    along: Array
    size: float
    count: float
    rounding: float

    @cached_property
    def rank(self) -> int:
        """How many directions of the parameters the residuals see."""
        return int(self.known.sum())

    @property
    def step(self) -> Array:
        """The step to the minimum of the linear model, the shortest in units of D, (P,)."""
        shares = np.divide(self.along, self.singular, out=np.zeros_like(self.along), where=self.known)
        found: Array = -(shares @ self.right) / self.scale
        return found

    @cached_property
    def offset(self) -> float:
        """How far away that minimum is, in standard errors: √(‖Pρ‖²/r) / √((‖ρ‖² − ‖Pρ‖²)/(K − r)), with r the rank.

        Infinite where Pρ is all of ρ, and NaN where numbers are not finite.
        """
        return self._in_standard_errors(self.along)

    @cached_property
    def near(self) -> bool:
        """Whether the point is that minimum: to a thousandth of the standard errors, or to rounding and six digits.

        Both as sure as the singular values are: rounding of R turns the directions of small ones.
        """
        along = np.abs(self.along) + self._doubt
        if self._in_standard_errors(along) <= NEAR:
            return True
        shares = np.divide(along, self.singular, out=np.zeros_like(along), where=self.known)
        apart = shares @ np.abs(self.right) / self.scale
        return self.within_rounding and bool((apart <= SHARE * np.abs(self.theta)).all())

    @property
    def within_rounding(self) -> bool:
        """Whether the minimum is no farther than rounding of the parameters would move the residuals."""
        return float(np.linalg.norm(self.along)) <= self.rounding

    @property
    def _doubt(self) -> Array:
        """How much of ρ may lie along each direction although it does not seem so: ε s₁/s_i ‖ρ‖, (P,)."""
        turned = np.finfo(self.singular.dtype).eps * self.singular.max(initial=0) * self.size
        found: Array = np.divide(turned, self.singular, out=np.zeros_like(self.singular), where=self.known)
        return found

    def _in_standard_errors(self, along: Array) -> float:
        projected, freedom = float(np.linalg.norm(along)), self.count - self.rank
        if projected == 0 or math.isnan(projected):
            return projected
        rest = math.sqrt(max(self.size**2 - projected**2, 0.0))
        return projected / rest * math.sqrt(freedom / self.rank) if rest and freedom else math.inf


def linear_minimum(size: float, triangle: Array, projected: Array, count: int, theta: Array) -> LinearMinimum:
    """Return the linear model's minimum from ‖ρ‖, T and Qᵀρ with R = Q T, the number of residuals K, and θ."""
    columns = len(theta)
    lengths = np.linalg.norm(triangle, axis=0)
    scale = np.where(lengths > 0, lengths, 1).astype(lengths.dtype)
    rounding = float(np.finfo(triangle.dtype).eps * (lengths @ np.abs(theta)))
    (singular, along), right = np.zeros((2, columns), triangle.dtype), np.eye(columns)
    if np.isfinite(triangle).all() and np.isfinite(projected).all():
        left, values, right = np.linalg.svd(triangle / scale, full_matrices=True)
        singular[: len(values)] = values
        along[: len(values)] = left.T[: len(values)] @ projected
    else:
        along[:] = np.nan
    known = singular > ROUNDINGS * columns * np.finfo(triangle.dtype).eps * singular.max(initial=0)
    along = np.where(known | np.isnan(along), along, 0)
    return LinearMinimum(theta, lengths, scale, singular, right, known, along, size, count, rounding)
