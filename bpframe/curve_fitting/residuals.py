"""Residuals of a plain function, in units of the values' standard deviations.

ρ = W (y − f(x; θ)),    W = diag(√w / σ), or L⁻¹ for a covariance matrix L Lᵀ of the values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bpframe.curve_fitting.data import check_numbers, checked_sigma, real_numbers, weighted_target
from bpframe.derivatives.points.given_weights import checked_weight
from bpframe.errors import DataError, ShapeMismatch
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["Values", "kept_points", "values_of"]


@dataclass(frozen=True)
class Values:
    """What is fitted to: values y in a row, (M,), how they were `shape`d, and W: ones (None), a row, or a matrix L.

    `count` is how many values that is, by their weights. `weight` are those, (M,), or None.
    """

    y: Array
    shape: tuple[int, ...]
    row: Array | None
    root: Array | None
    count: float

    def whitened(self, array: Array) -> Array:
        """Return W times differences of values, (M,) or (M, P)."""
        if self.root is not None:
            from scipy.linalg import solve_triangular

            return np.asarray(solve_triangular(self.root, array, lower=True, check_finite=False))
        if self.row is None:
            return array
        return array * (self.row if array.ndim == 1 else self.row[:, None])

    @cached_property
    def total_square(self) -> float:
        """Σ of squares of W (y − ȳ), least over ȳ: what R² compares with."""
        if self.row is None and self.root is None:
            apart = self.y - self.y.mean()
            return float(apart @ apart)
        ones, y = self.whitened(np.ones_like(self.y)), self.whitened(self.y)
        apart = y - ones * ((ones @ y) / (ones @ ones))
        return float(apart @ apart)


def values_of(y: Any, sigma: Any, weight: Any) -> Values:
    """Check values, their standard deviations or covariance, and weights.

    Errors: DataError, ShapeMismatch.
    """
    check_numbers("data y", y)
    values = real_numbers("the data y", y)
    if not values.ndim or not values.size:
        raise ShapeMismatch(
            "y has no values", expected="an array, one value for each point", received=str(values.shape)
        )
    if not np.isfinite(values).all():
        place = tuple(np.argwhere(~np.isfinite(values))[0])
        raise DataError(
            "data y is not finite",
            expected="finite numbers",
            received=f"{values[place]:g} at {place_of(place)}",
            hint="nan_policy='omit' leaves points with NaN out" if np.isnan(values[place]) else None,
        )
    flat, root, row = values.reshape(-1), None, None
    matrix = sigma is not None and np.ndim(sigma) == 2 and values.ndim == 1
    if matrix and np.shape(sigma) == (flat.size, flat.size):
        root = _root_of(real_numbers("sigma", sigma))
    elif sigma is not None:
        row = 1 / checked_sigma(sigma, values, values.shape).reshape(-1)
    count: float = flat.size
    if weight is not None:
        if root is not None:
            raise DataError("points cannot count several times where their errors are correlated", hint="sigma alone")
        rest = values.shape[1:]
        given = checked_weight(weight, len(values), "sample_weight")
        each = np.broadcast_to(given.reshape(-1, *(1,) * len(rest)), values.shape).reshape(-1)
        row = np.sqrt(each) if row is None else row * np.sqrt(each)
        count = float(each.sum())
        count = int(count) if count.is_integer() else count
    _check_magnitude(flat, row)
    return Values(flat, values.shape, row, root, count)


def _check_magnitude(y: Array, row: Array | None) -> None:
    largest = float(np.abs(y if row is None else y * row).max(initial=0.0))
    if not 1e-60 < largest < 1e60 and largest != 0:
        weighted_target(y, np.ones_like(y) if row is None else 1 / row)


def _root_of(matrix: Array) -> Array:
    """Return L of a covariance matrix L Lᵀ."""
    if not np.isfinite(matrix).all():
        place = tuple(np.argwhere(~np.isfinite(matrix))[0])
        raise DataError("sigma is not finite", received=f"{matrix[place]:g} at {place_of(place)}")
    apart = np.abs(matrix - matrix.T)
    if apart.max(initial=0.0) > 1e-8 * np.abs(matrix).max(initial=0.0):
        place = np.unravel_index(int(apart.argmax()), apart.shape)
        raise DataError(
            "sigma is a matrix that is not symmetric, so that it is no covariance",
            expected="sigma[i, j] = sigma[j, i]",
            received=f"{matrix[place]:g} and {matrix.T[place]:g} at {place_of(place)}",
        )
    try:
        return np.asarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(matrix)[0])
        raise DataError(
            "sigma is a matrix that is not positive definite, so that it is no covariance",
            expected="variances above 0, and correlations that belong to some data",
            received=f"the smallest eigenvalue {least:.3g}",
        ) from None


def kept_points(x: Any, y: Any, sigma: Any, weight: Any) -> tuple[Any, Any, Any, Any, Array]:
    """Return what is left of x, y, sigma and weights without masked points and those of weight 0, and which are kept.

    The axis of points of an x is the first that is as long as y; of several variables in a tuple, the last.

    Errors: DataError where it has none, or nothing is left.
    """
    named = x if isinstance(x, Mapping) else {"x": x}
    arrays = [each for value in (*named.values(), y, sigma, weight) for each in _parts(value)]
    kept = np.ones(np.shape(y)[:1], bool)
    if not kept.size or (weight is None and not any(np.ma.isMaskedArray(each) for each in arrays)):
        return x, y, sigma, weight, kept
    for each in arrays:
        if np.ma.isMaskedArray(each) and np.ma.getmaskarray(each).any():
            kept &= ~_over_points(np.ma.getmaskarray(each), len(kept))
    if weight is not None and np.shape(weight) == kept.shape and np.asarray(weight).dtype.kind in "iuf":
        counted = np.asarray(np.ma.filled(weight, 0))
        kept &= (counted != 0) | ~kept
        if not kept.any() and (counted == 0).all():
            kept[:] = True  # told where weights are checked
    if not kept.any():
        raise DataError("every point is masked", expected="values to fit", received=f"{len(kept)} masked points")

    def without(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(without, value))
        plain = np.asarray(value) if np.ndim(value) else value
        if kept.all() or not np.ndim(plain):
            return plain
        if np.shape(plain) == (len(kept), len(kept)) and value is sigma:
            return plain[np.ix_(kept, kept)]
        axis = _axis(plain, len(kept))
        return plain if axis is None else np.compress(kept, plain, axis)

    points = {name: without(array) for name, array in named.items()}
    return points if isinstance(x, Mapping) else points["x"], without(y), without(sigma), without(weight), kept


def _parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def _axis(array: Array, count: int) -> int | None:
    return next((axis for axis, length in enumerate(np.shape(array)) if length == count), None)


def _over_points(mask: Array, count: int) -> Array:
    axis = _axis(mask, count)
    if axis is None:
        raise DataError(
            "an array with masked entries has no axis of points", expected=f"length {count}", received=str(mask.shape)
        )
    return np.asarray(mask.any(axis=tuple(each for each in range(mask.ndim) if each != axis)))
