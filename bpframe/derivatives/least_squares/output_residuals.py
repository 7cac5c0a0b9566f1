"""The cost of a network as a sum of squares, in its outputs: what least squares needs of the cost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bpframe.core.operators import Diagonal, IdentityMap, Operator
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.validation.plain_arrays import Array

__all__ = ["OutputResiduals", "exact_residuals", "output_residuals"]


class OutputResiduals(NamedTuple):
    """The residuals ρ_n with S_n ρ_n = ∇C_n as far as S_n reaches, and what it does not reach.

        ∇C_n = S_n ρ_n + ε_n,    ε_n orthogonal to the range of S_n

    `values` are (R, N) in the order of the roots' columns; `unreached` ε by output, (N, *output), with the outputs left
    out where it vanishes within rounding, as it does for the quadratic cost and for cross-entropy.
    """

    values: Array
    unreached: dict[str, Array]


def output_residuals(point: Linearisation) -> OutputResiduals:
    """Solve S_n ρ_n = ∇C_n for every example: exactly for identity and diagonal roots, else by singular values.

    Not divided by √N. A component of ∇C_n along a singular value that is zero within rounding is not reached: a cost
    that is linear in some direction has a gradient there, but no curvature.
    """
    values, unreached = [], {}
    for output, root in point.roots.items():
        error = point.errors[output]
        if isinstance(root, IdentityMap):
            values.append(error.reshape(point.batch, -1).T)
            continue
        if isinstance(root, Diagonal):
            found, rest = _divided(root, error)
        else:
            found, rest = _solved(root, error)
        values.append(found)
        if rest is not None:
            unreached[output] = rest
    return OutputResiduals(values[0] if len(values) == 1 else np.concatenate(values), unreached)


def exact_residuals(point: Linearisation) -> Array | None:
    """Return ρ, (columns, examples), where it gives g = Rᵀρ to the last digit: without singular values, and whole."""
    if not all(isinstance(root, IdentityMap | Diagonal) for root in point.roots.values()):
        return None
    found = output_residuals(point)
    return None if found.unreached else found.values


def _divided(root: Diagonal, error: Array) -> tuple[Array, Array | None]:
    d = np.broadcast_to(root.d, error.shape)
    zero = d == 0
    found = np.divide(error, d, out=np.zeros_like(error), where=~zero)
    rest = np.where(zero, error, 0) if zero.any() else None
    return found.reshape(len(error), -1).T, rest if rest is not None and rest.any() else None


def _solved(root: Operator, error: Array) -> tuple[Array, Array | None]:
    """Solve with the singular values of every S_n, (N, *output) -> (R, N)."""
    batch, size, columns = len(error), math.prod(root.out_shape), math.prod(root.in_shape)
    flat = error.reshape(batch, size, 1)
    matrix = root.dense(error).reshape(-1, size, columns)
    try:
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:  # NaN among the entries: the caller sees it in ρ
        return np.full((columns, batch), np.nan, error.dtype), None
    floor = singular.max(axis=-1, keepdims=True, initial=0) * max(size, columns) * np.finfo(error.dtype).eps
    inverse = np.divide(1, singular, out=np.zeros_like(singular), where=singular > floor)
    along = np.matmul(left.swapaxes(-1, -2), flat)
    along *= inverse[..., None]
    found = np.matmul(right.swapaxes(-1, -2), along)
    rest = flat - np.matmul(matrix, found)
    largest = np.abs(flat).max(axis=(-1, -2), keepdims=True, initial=0)
    missed = np.abs(rest) > largest * np.sqrt(np.finfo(error.dtype).eps)
    return found[..., 0].T, rest.reshape(error.shape) if missed.any() else None
