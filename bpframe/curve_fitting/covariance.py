"""How well data determine parameters: their covariance, from singular values of the residuals' Jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum
from bpframe.validation.plain_arrays import Array

__all__ = ["Covariance", "parameter_covariance"]


#: A parameter is not determined where a direction without any effect on the residuals changes it by more than this.
SHARE = float(np.sqrt(np.finfo(np.float64).eps))

#: Above this condition number κ of the scaled Jacobian, rounding, which changes errors by about κ eps of themselves,
#: comes near the digits that a summary prints.
ILL_CONDITIONED = 1e10


@dataclass(frozen=True)
class Covariance:
    """The covariance of fitted parameters, in the order of `names`.

        Σ = s² (JᵀJ)⁻¹,    J = ∂(f/σ)/∂θ,    s² = χ²/(n − p), or 1 where the σ are absolute

    A parameter that the data do not determine has an infinite variance, and NaN for its covariances; it is listed in
    `undetermined`, and in `entangled` too if changes of others undo its effect. The others are determined all the same.

    Shapes: matrix (P, P), standard errors (P,); root (P, r) with Σ = root rootᵀ for all that is determined, free
    (P, P − r) the directions that are not; scale (P,) the lengths of J's columns.
    """

    names: tuple[str, ...]
    matrix: Array
    root: Array
    free: Array
    scale: Array
    undetermined: tuple[str, ...]
    entangled: tuple[str, ...]
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


def parameter_covariance(
    minimum: LinearMinimum, points: float, names: Sequence[str], absolute_sigma: bool
) -> Covariance:
    """Return s² (JᵀJ)⁻¹ = s² D⁻¹ V S⁻² Vᵀ D⁻¹, where J D⁻¹ = U S Vᵀ and D holds the lengths of J's columns.

    Normal equations are neither formed nor inverted: they would square the condition number. Singular values within
    rounding of zero are directions in which the residuals do not change. `minimum` has J = √N R, N being `points`.

    Source: Golub and Van Loan, Matrix Computations (4th ed., 2013), section 5.5; Björck, Numerical Methods for Least
    Squares Problems (1996), section 2.8.
    """
    singular, right, known = minimum.singular, minimum.right, minimum.known
    lengths, scale = minimum.lengths, minimum.scale * np.sqrt(points)
    free = np.abs(right[~known]).max(axis=0, initial=0.0) > SHARE
    root = right[known].T / singular[known] / scale[:, None]
    freedom = minimum.count - minimum.rank
    variance = 1.0 if absolute_sigma else points * minimum.size**2 / freedom if freedom else np.nan
    root *= np.sqrt(variance)
    matrix = root @ root.T
    matrix[free, :] = matrix[:, free] = np.nan
    matrix[np.diag_indices(len(names))] = np.where(free, np.inf, np.diag(matrix))
    undetermined = tuple(name for name, unknown in zip(names, free, strict=True) if unknown)
    alone = tuple(name for name, length in zip(names, lengths, strict=True) if length == 0)
    entangled = tuple(name for name in undetermined if name not in alone)
    condition = (
        np.inf
        if undetermined
        else float(singular.max(initial=0) / singular[known].min(initial=singular.max(initial=1)))
    )
    notes = []
    if undetermined and np.isfinite(minimum.along).all():
        notes.append(_undetermined_note(entangled, alone))
    elif np.isfinite(condition) and condition > ILL_CONDITIONED:
        digits = max(0, int(-np.log10(condition * np.finfo(np.float64).eps)))
        _, worst = max(zip(np.abs(right[-1]), names, strict=True))
        notes.append(
            f"the data hardly determine the parameters (condition number {condition:.1e}), {worst} least of all: "
            f"errors have about {digits} digits"
        )
    if not freedom and not absolute_sigma:
        notes.append("as many values as parameters: nothing is left to estimate errors from")
    unknown = right[~known].T / scale[:, None]
    return Covariance(
        tuple(names), matrix, root, unknown, scale, undetermined, entangled, minimum.rank, condition, tuple(notes)
    )


def _undetermined_note(entangled: Sequence[str], alone: Sequence[str]) -> str:
    said = []
    if alone:
        said.append(f"{', '.join(alone)}: no effect on the values at the fitted point")
    if entangled:
        said.append(f"{', '.join(entangled)}: a change of one is undone by changes of the others")
    return "the data do not determine " + "; ".join(said)
