"""Data to fit: points x, values y and their standard deviations, as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.arrays import checked_array, checked_inputs
from bpframe.errors import DataError, ShapeMismatch
from bpframe.graph import Graph

__all__ = ["checked_sigma", "checked_values", "features_of", "shaped_inputs", "unmasked", "weighted_target"]

Array = np.ndarray[Any, Any]


def features_of(x: Any) -> tuple[int, ...]:
    """Return the feature shape of one point: (1,) for plain numbers, x being (N,)."""
    shape = np.shape(x)
    return shape[1:] if len(shape) > 1 else (1,)


def unmasked(x: Any, y: Any, sigma: Any) -> tuple[Any, Any, Any, Array]:
    """Return x, y and sigma without the points at which one of them is masked, and which are kept, (N,) of bool."""
    named = x if isinstance(x, Mapping) else {"x": x}
    masked = [array for array in (*named.values(), y, sigma) if np.ma.isMaskedArray(array) and np.ndim(array)]
    kept = np.ones(len(y) if np.ndim(y) else 0, bool)
    if not masked:
        return x, y, sigma, kept
    for array in masked:
        if len(array) == len(kept):  # another length is refused where shapes are checked
            kept &= ~np.ma.getmaskarray(array).reshape(len(kept), -1).any(axis=1)
    if not kept.any():
        raise DataError("every point is masked", expected="values to fit", received=f"{len(kept)} masked points")

    def without(array: Any) -> Any:
        plain = np.asarray(array) if np.ndim(array) else array
        return plain[kept] if np.ndim(array) and len(plain) == len(kept) else plain

    points = {name: without(array) for name, array in named.items()}
    return points if isinstance(x, Mapping) else points["x"], without(y), without(sigma), kept


def shaped_inputs(graph: Graph, x: Any) -> dict[str, Array]:
    """Return the inputs by name as float64 arrays (N, *features); plain numbers (N,) become (N, 1).

    Raises
    ------
    ShapeMismatch, DataError

    """
    if isinstance(x, Mapping):
        return checked_inputs(graph, {name: _column(x[name], graph.inputs.get(name)) for name in x}, np.float64)
    only = next(iter(graph.inputs.values())) if len(graph.inputs) == 1 else None
    return checked_inputs(graph, _column(x, only), np.float64)


def checked_values(y: Any, shape: tuple[int, ...], count: int) -> Array:
    """Return the values as a float64 array (N, *output), (N,) being taken for (N, 1).

    Raises
    ------
    ShapeMismatch, DataError

    """
    values = checked_array(_column(y, shape), shape, "data y", np.float64)
    if len(values) != count:
        raise ShapeMismatch("x and y differ in their number of points", expected=f"{count}", received=f"{len(values)}")
    return values


def checked_sigma(sigma: Any, y: Any, shape: tuple[int, ...]) -> Array:
    """Return a standard deviation for every value, like `shape`: ones where there is none.

    Raises
    ------
    ShapeMismatch, DataError
        It is neither one number nor one per point or value; or not positive and finite.

    """
    if sigma is None:
        return np.ones(shape)
    try:
        given: Array = np.asarray(sigma, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("sigma is no array", expected="positive numbers", received=repr(sigma)[:60]) from error
    if given.ndim and given.shape not in (shape, np.shape(y), shape[:1]):
        count = shape[0]
        hint = None
        if given.shape == (count, count) and shape != (count, count):
            hint = "a covariance matrix of the data is not taken: multiply model and data by the inverse of its root"
        raise ShapeMismatch(
            "sigma has another shape than the data",
            expected=f"one number, or one for each of the {count} points",
            received=str(given.shape),
            hint=hint,
        )
    bad = ~(np.isfinite(given) & (given > 0))
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            "sigma holds numbers that are no standard deviations",
            expected="finite numbers above 0",
            received=f"{given[place]:g}" + (f" at [{', '.join(map(str, place))}]" if place else ""),
            hint="leave points without weight out, rather than give them a sigma of 0 or infinity",
        )
    if given.ndim and given.size == shape[0]:
        given = given.reshape(shape[0], *(1,) * (len(shape) - 1))
    else:
        given = given.reshape(shape) if given.ndim else given
    return np.broadcast_to(given, shape).copy()


def weighted_target(values: Array, sigma: Array) -> Array:
    """Return the target of the weighted quadratic cost: (N, *output, 2)."""
    return np.stack([values, sigma], axis=-1)


def _column(array: Any, shape: tuple[int, ...] | None) -> Any:
    """Turn plain numbers into one feature per example, where that is what the network takes."""
    if shape != (1,) or (isinstance(array, np.ndarray) and array.ndim != 1):
        return array
    try:
        plain = np.asarray(array)
    except (TypeError, ValueError):  # ragged: told where it is checked
        return array
    return plain[:, None] if plain.ndim == 1 and plain.dtype.kind in "fiub" else array
