"""Data to fit: points x, values y and their standard deviations, as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.graph.graph import Graph
from bpframe.data.cells import finite_number
from bpframe.derivatives.points.given_arrays import checked_array, checked_inputs
from bpframe.derivatives.points.given_weights import checked_weight
from bpframe.errors import DataError, ShapeMismatch, SpecError
from bpframe.validation.plain_arrays import Array, place_of

__all__ = [
    "check_numbers",
    "checked_sigma",
    "checked_values",
    "features_of",
    "real_numbers",
    "shaped_inputs",
    "unmasked",
    "weighted_target",
    "without_nan",
]


#: Decades of y/sigma at most: gradients hold its square, and their length squares that again.
EXTREME = 70


def features_of(x: Any) -> tuple[int, ...]:
    """Return the feature shape of one point: (1,) for plain numbers, x being (N,)."""
    shape = np.shape(x)
    return shape[1:] if len(shape) > 1 else (1,)


def unmasked(x: Any, y: Any, sigma: Any, weight: Any) -> tuple[Any, Any, Any, Array | None, Array]:
    """Return what is left of x, y, sigma and weights, and which points are, (N,) of bool.

    Left out are points at which one of them is masked, and those of weight 0.

    Errors: those of `checked_weight`; DataError where no point is left.
    """
    *left, weight, kept = _without_masked(x, y, sigma, weight)
    if weight is None:
        return *left, None, kept
    weight = checked_weight(weight, int(kept.sum()), "sample_weight")
    counts = weight > 0
    if not counts.all():
        left = [_cut(array, counts) for array in left]
        kept[kept] = counts
    return *left, weight[counts], kept


def without_nan(policy: Any, x: Any, y: Any, sigma: Any) -> tuple[Any, Any, Any]:
    """Return data with their NaN masked where the policy is to omit these.

    Errors: SpecError for another policy than "raise" and "omit".
    """
    if policy == "raise":
        return x, y, sigma
    if policy != "omit":
        raise SpecError("nan_policy is unknown", expected="'raise' or 'omit'", received=repr(policy)[:60])

    def masked(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: masked(each) for name, each in value.items()}
        if isinstance(value, tuple):
            return tuple(map(masked, value))
        array = np.ma.asarray(value)
        if array.dtype.kind != "f" or not array.ndim or not np.isnan(np.ma.getdata(array)).any():
            return value
        return np.ma.MaskedArray(array, np.isnan(np.ma.getdata(array)) | np.ma.getmaskarray(array))

    return masked(x), masked(y), masked(sigma)


def _cut(value: Any, kept: Array) -> Any:
    """Return an array without some points, or arrays by name; one number for all stays."""
    if isinstance(value, Mapping):
        return {name: _cut(array, kept) for name, array in value.items()}
    return np.asarray(value)[kept] if np.ndim(value) and len(value) == len(kept) else value


def _without_masked(x: Any, y: Any, sigma: Any, weight: Any) -> tuple[Any, Any, Any, Any, Array]:
    named = x if isinstance(x, Mapping) else {"x": x}
    masked = [array for array in (*named.values(), y, sigma, weight) if np.ma.isMaskedArray(array) and np.ndim(array)]
    kept = np.ones(len(y) if np.ndim(y) else 0, bool)
    if not masked:
        return x, y, sigma, weight, kept
    for array in masked:
        if len(array) == len(kept):  # another length is refused where shapes are checked
            kept &= ~np.ma.getmaskarray(array).reshape(len(kept), -1).any(axis=1)
    if not kept.any():
        raise DataError("every point is masked", expected="values to fit", received=f"{len(kept)} masked points")

    def without(array: Any) -> Any:
        plain = np.asarray(array) if np.ndim(array) else array
        return plain[kept] if np.ndim(array) and len(plain) == len(kept) else plain

    points = {name: without(array) for name, array in named.items()}
    return points if isinstance(x, Mapping) else points["x"], without(y), without(sigma), without(weight), kept


def shaped_inputs(graph: Graph, x: Any) -> dict[str, Array]:
    """Return the inputs by name as float64 arrays (N, *features); plain numbers (N,) become (N, 1).

    Errors: ShapeMismatch, DataError.
    """
    for name, array in (x if isinstance(x, Mapping) else {"x": x}).items():
        check_numbers(f"data {name}", array)
    if isinstance(x, Mapping):
        return checked_inputs(graph, {name: _column(x[name], graph.inputs.get(name)) for name in x}, np.float64)
    only = next(iter(graph.inputs.values())) if len(graph.inputs) == 1 else None
    return checked_inputs(graph, _column(x, only), np.float64)


def checked_values(y: Any, shape: tuple[int, ...], x: Mapping[str, Array]) -> Array:
    """Return the values as a float64 array (N, *output), (N,) being taken for (N, 1).

    Errors: ShapeMismatch, DataError.
    """
    count = len(next(iter(x.values())))
    check_numbers("data y", y)
    _check_axes(y, shape, x)
    values = checked_array(_column(y, shape), shape, "data y", np.float64)
    if len(values) != count:
        raise ShapeMismatch("x and y differ in their number of points", expected=f"{count}", received=f"{len(values)}")
    return values


def checked_sigma(sigma: Any, y: Any, shape: tuple[int, ...]) -> Array:
    """Return a standard deviation for every value, like `shape`: ones where there is none.

    Errors: ShapeMismatch, DataError (it is neither one number nor one per point or value; or not positive and finite).
    """
    if sigma is None:
        return np.ones(shape)
    given = real_numbers("sigma", sigma)
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
        place = tuple(np.argwhere(bad)[0])
        raise DataError(
            "sigma holds numbers that are no standard deviations",
            expected="finite numbers above 0",
            received=f"{given[place]:g}" + (f" at {place_of(place)}" if place else ""),
            hint="leave points without weight out, rather than give them a sigma of 0 or infinity",
        )
    if given.ndim and given.size == shape[0]:
        given = given.reshape(shape[0], *(1,) * (len(shape) - 1))
    else:
        given = given.reshape(shape) if given.ndim else given
    return np.broadcast_to(given, shape).copy()


def real_numbers(what: str, value: Any) -> Array:
    """Return numbers that a user wrote as a float64 array.

    Errors: DataError (truth values, texts and complex numbers, which NumPy would make numbers of, and what is no
    array).
    """
    try:
        array = np.asarray(value)
        # An array of floats can hide a truth value of a list: [1.0, True].
        each_of = () if isinstance(value, np.ndarray) else np.asarray(value, object).flat
        mixed = any(isinstance(each, bool | np.bool_) for each in each_of)
        if array.dtype.kind in "iuf" and not mixed:
            return array.astype(np.float64)
        hint = "without quotes" if array.dtype.kind in "SU" else None
        if array.dtype.kind == "O" and not mixed and not any(isinstance(each, str | bytes) for each in array.flat):
            return array.astype(np.float64)
    except (TypeError, ValueError):
        hint = None
    if hint and np.ndim(value) == 0:
        hint = f"write {value!s:.30}, without quotes" if finite_number(str(value)) is not None else None
    raise DataError(f"{what} is no number", expected="real numbers", received=repr(value)[:60], hint=hint)


def weighted_target(values: Array, sigma: Array) -> Array:
    """Return the target of the weighted quadratic cost: (N, *output, 2).

    Errors: DataError (the values are so large or small, in units of sigma, that their squares leave float64).
    """
    sizes = np.log10(np.where(values == 0, 1, np.abs(values))) - np.log10(sigma)
    largest = float(sizes.max(where=(values != 0) | ~values.any(), initial=-np.inf))
    if abs(largest) > EXTREME and sizes.size:
        raise DataError(
            "the squares of y/sigma are beyond what float64 holds",
            expected=f"y/sigma between 1e-{EXTREME} and 1e{EXTREME}",
            received=f"about 1e{largest:.0f}",
            hint="give y and sigma in another unit",
        )
    return np.stack([values, sigma], axis=-1)


def check_numbers(what: str, array: Any) -> None:
    """Refuse what is no real number by its kind, before its shape is looked at."""
    try:
        kind = np.asarray(array).dtype
    except (TypeError, ValueError):  # ragged: told where it is checked
        return
    hints = {
        "c": "fit real and imaginary parts, as an output of two features",
        "M": "numbers, such as seconds since the first: (x - x[0]) / numpy.timedelta64(1, 's')",
        "m": "numbers, such as seconds: x / numpy.timedelta64(1, 's')",
        "U": "numpy.asarray(x, float), where every text is a number",
        "S": "numpy.asarray(x, float), where every text is a number",
    }
    if kind.kind in hints:
        names = {"c": "complex numbers", "M": "dates (datetime64)", "m": "times (timedelta64)"}
        raise DataError(
            f"the {what} holds {names.get(kind.kind, 'text')}",
            expected="real numbers",
            received=str(kind),
            hint=hints[kind.kind],
        )


def _check_axes(y: Any, shape: tuple[int, ...], x: Mapping[str, Array]) -> None:
    """Refuse points along the last axis of x, as `curve_fit` has them, and formulas whose output has another shape."""
    name, array = next(iter(x.items()))
    given = np.shape(y)
    if len(x) > 1 or not given:
        return
    if array.ndim == 2 and len(array) != given[0] == array.shape[1]:
        raise ShapeMismatch(
            f"{name} has its points along the last axis",
            expected=f"points along axis 0: {array.T.shape}, for y {given}",
            received=str(array.shape),
            hint=f"{name}.T",
        )
    if len(array) == given[0] and given[1:] in ((), (1,)) and shape == array.shape[1:] != (1,):
        raise ShapeMismatch(
            "y has one value per point, and the formula is taken to return as many as it is given",
            expected=f"y {(len(array), *shape)}, or a formula that says what it returns",
            received=f"y {given}",
            hint="def output_shape(self, shape): return (1,), and a formula that returns (N, 1)",
        )


def _column(array: Any, shape: tuple[int, ...] | None) -> Any:
    """Turn plain numbers into one feature per example, where that is what the network takes."""
    if shape != (1,) or (isinstance(array, np.ndarray) and array.ndim != 1):
        return array
    try:
        plain = np.asarray(array)
    except (TypeError, ValueError):  # ragged: told where it is checked
        return array
    return plain[:, None] if plain.ndim == 1 and plain.dtype.kind in "fiub" else array
