"""How well data determine parameters: their covariance, from singular values of the residuals' Jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.derivatives.least_squares import LeastSquares

__all__ = ["Covariance", "FitPoint", "fit_point", "parameter_covariance"]

Array = np.ndarray[Any, Any]

#: A parameter is not determined where a direction without any effect on the residuals changes it by more than this.
SHARE = float(np.sqrt(np.finfo(np.float64).eps))

#: Above this condition number of the scaled Jacobian, half of the digits are lost.
ILL_CONDITIONED = 1e8


@dataclass(frozen=True)
class FitPoint:
    """The residuals and their Jacobian at some parameters, as far as statistics need them.

    `chi_square` is Σ ((y − f)/σ)²; `triangle` the upper triangular T with TᵀT = JᵀJ, J = ∂(f/σ)/∂θ (K, P); `count` K;
    `orthogonality` the largest cosine of an angle between the residuals and a column of J, which is 0 at a minimum.
    """

    chi_square: float
    triangle: Array
    count: int
    orthogonality: float


def fit_point(squares: LeastSquares, theta: Array) -> FitPoint:
    """Return the residuals' figures, from a QR factorisation that goes through the data in portions."""
    cost, triangle, projected = squares.triangular(theta)
    root = np.sqrt(squares.count)  # C is a mean over N, and so is TᵀT
    lengths, size = np.linalg.norm(triangle, axis=0), np.sqrt(2 * cost)
    along = np.abs(triangle.T @ projected)
    cosines = np.divide(along, lengths * size, out=np.zeros_like(along), where=lengths * size > 0)
    largest = float(cosines.max(initial=0.0))
    return FitPoint(2 * squares.count * cost, triangle * root, squares.residual_count(), largest)


@dataclass(frozen=True)
class Covariance:
    """The covariance of fitted parameters, in the order of `names`.

        Σ = s² (JᵀJ)⁻¹,    J = ∂(f/σ)/∂θ,    s² = χ²/(n − p), or 1 where the σ are absolute

    A parameter that the data do not determine has an infinite variance, and NaN for its covariances; it is listed in
    `undetermined`. The others are determined all the same.

    Shapes: matrix (P, P), standard errors (P,); root (P, r) with Σ = root rootᵀ for all that is determined, free
    (P, P − r) the directions that are not; scale (P,) the lengths of J's columns.
    """

    names: tuple[str, ...]
    matrix: Array
    root: Array
    free: Array
    scale: Array
    undetermined: tuple[str, ...]
    rank: int
    condition: float
    notes: tuple[str, ...] = ()

    @property
    def standard_errors(self) -> Array:
        """The roots of the diagonal, (P,)."""
        errors: Array = np.sqrt(np.diag(self.matrix))
        return errors

    @property
    def correlation(self) -> Array:
        """Σ_ij / (σ_i σ_j), (P, P), with ones on the diagonal; NaN for parameters that are not determined."""
        errors = self.standard_errors
        with np.errstate(all="ignore"):
            found: Array = self.matrix / np.outer(errors, errors)
        np.fill_diagonal(found, 1.0)
        return found

    def propagated(self, slopes: Array) -> Array:
        """Return the standard errors of quantities with these slopes in the parameters: √(g Σ gᵀ), (M, P) -> (M,).

        A quantity may be determined although parameters are not: a sum of two, for one. Infinite where it is not.
        """
        errors: Array = np.linalg.norm(slopes @ self.root, axis=-1)
        if self.free.shape[1]:
            sizes = np.linalg.norm(slopes / self.scale, axis=-1, keepdims=True)
            errors[(np.abs(slopes @ self.free) > SHARE * sizes).any(axis=-1)] = np.inf
        return errors

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} ± {error:.4g}" for name, error in zip(self.names, self.standard_errors, strict=True))
        return f"Covariance({rows})"


def parameter_covariance(point: FitPoint, names: Sequence[str], absolute_sigma: bool) -> Covariance:
    """Return s² (JᵀJ)⁻¹ = s² D⁻¹ V S⁻² Vᵀ D⁻¹, where T D⁻¹ = U S Vᵀ and D holds the lengths of J's columns.

    Normal equations are neither formed nor inverted: they would square the condition number. Singular values within
    rounding of zero are directions in which the residuals do not change.

    Source: Golub and Van Loan, Matrix Computations (4th ed., 2013), section 5.5; Björck, Numerical Methods for Least
    Squares Problems (1996), section 2.8.
    """
    triangle, size = point.triangle, len(names)
    lengths = np.linalg.norm(triangle, axis=0)
    scale = np.where(lengths > 0, lengths, 1.0)
    _, singular, right = np.linalg.svd(triangle / scale, full_matrices=True)
    singular = np.concatenate([singular, np.zeros(size - len(singular))])
    largest = float(singular.max(initial=0.0))
    known = singular > np.finfo(np.float64).eps * max(point.count, size) * largest
    free = np.abs(right[~known]).max(axis=0, initial=0.0) > SHARE
    root = right[known].T / singular[known] / scale[:, None]
    freedom = point.count - int(known.sum())
    variance = 1.0 if absolute_sigma else point.chi_square / freedom if freedom else np.nan
    root *= np.sqrt(variance)
    matrix = root @ root.T
    matrix[free, :] = matrix[:, free] = np.nan
    matrix[np.diag_indices(size)] = np.where(free, np.inf, np.diag(matrix))
    undetermined = tuple(name for name, unknown in zip(names, free, strict=True) if unknown)
    smallest = float(singular[known].min(initial=np.inf))
    condition = np.inf if undetermined else largest / smallest
    notes = []
    if undetermined:
        alone = [name for name, length in zip(names, lengths, strict=True) if length == 0]
        notes.append(_undetermined_note(undetermined, alone))
    elif condition > ILL_CONDITIONED:
        _, worst = max(zip(np.abs(right[-1]), names, strict=True))
        notes.append(
            f"the data hardly determine the parameters (condition number {condition:.1e}), {worst} least of all: "
            "errors have few digits"
        )
    if not freedom and not absolute_sigma:
        notes.append("as many values as parameters: nothing is left to estimate errors from")
    unknown = right[~known].T / scale[:, None]
    rank = int(known.sum())
    return Covariance(tuple(names), matrix, root, unknown, scale, undetermined, rank, condition, tuple(notes))


def _undetermined_note(names: Sequence[str], alone: Sequence[str]) -> str:
    together = [name for name in names if name not in alone]
    said = []
    if alone:
        said.append(f"{', '.join(alone)}: no effect on the values at the fitted point")
    if together:
        said.append(f"{', '.join(together)}: a change of one is undone by changes of the others")
    return "the data do not determine " + "; ".join(said)
