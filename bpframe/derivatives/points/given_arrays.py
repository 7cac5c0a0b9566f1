"""Arrays that users hand in: their class, shape, dtype and numbers are checked here, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bpframe.core.backprop.layout import laid_out
from bpframe.core.component.domain import FROM_ZERO
from bpframe.core.graph.graph import Graph, batched
from bpframe.derivatives.points.given_rows import checked_rows
from bpframe.derivatives.points.meaning import check_meaning
from bpframe.derivatives.points.shape_hints import shape_hint
from bpframe.errors import DataError, DerivativeError, ShapeMismatch
from bpframe.machine.workers import in_rows
from bpframe.validation.indexed import Indexed
from bpframe.validation.intervals import Interval
from bpframe.validation.open_shapes import fits
from bpframe.validation.plain_arrays import Array, place_of, plain_array

__all__ = [
    "all_finite",
    "batch_size",
    "checked_array",
    "checked_inputs",
    "checked_stack",
    "checked_targets",
]

Arrays = Array | Mapping[str, Array]

#: Below so many bytes a product, which BLAS then takes on one thread, needs less time than a sum without warnings.
SMALL_BYTES = 1 << 15

EVERY_NUMBER: Interval = (-math.inf, math.inf)


def checked_inputs(graph: Graph, x: Any, dtype: Any) -> dict[str, Array]:
    """Return the network's inputs by name, (N, *features) each, as arrays of `dtype` (integers where it reads those).

    Errors: ShapeMismatch, DataError.
    """
    given, integers = _by_name(x, list(graph.inputs), "input"), graph.integer_domains
    arrays = {}
    for name, shape in graph.inputs.items():
        kind = (np.int64, integers[name]) if name in integers else (dtype, EVERY_NUMBER)
        check = partial(_checked_as, shape, f"input '{name}'", kind)
        arrays[name] = checked_rows(given[name], check) if isinstance(given[name], Indexed) else check(given[name])
    batch_size(arrays)
    return arrays


def checked_targets(graph: Graph, y: Any, dtype: Any, batch: int) -> dict[str, Array]:
    """Return the target of every output that has a cost, by output.

    Errors: ShapeMismatch, DataError.
    """
    given = _by_name(y, list(graph.cost), "target")
    arrays: dict[str, Array] = {}
    for output in graph.cost:
        check = partial(_checked_target, graph, output, dtype)
        arrays[output] = (
            checked_rows(given[output], check) if isinstance(given[output], Indexed) else check(given[output])
        )
    if arrays and batch_size(arrays) != batch:
        raise ShapeMismatch(
            "inputs and targets differ in their number of examples",
            expected=f"{batch} targets",
            received=f"{batch_size(arrays)}",
        )
    return arrays


def _checked_as(shape: tuple[int, ...], what: str, kind: tuple[Any, Interval], value: Any) -> Array:
    return checked_array(value, shape, what, *kind)


def _checked_target(graph: Graph, output: str, dtype: Any, value: Any) -> Array:
    domain = graph.integer_targets.get(output)
    kind = (dtype, EVERY_NUMBER) if domain is None else (np.int64, domain)
    found = _checked_as(graph.target_shapes[output], f"target of '{output}'", kind, value)
    check_meaning(graph, output, found)
    return found


def batch_size(arrays: Mapping[str, Array]) -> int:
    """Return the number of examples, which all arrays must share."""
    if len(arrays) == 1:
        return len(next(iter(arrays.values())))
    sizes = {name: len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise ShapeMismatch(
            "the arrays differ in their number of examples",
            expected="as many rows in each",
            received=", ".join(f"'{name}' {size}" for name, size in sizes.items()),
        )
    return next(iter(sizes.values()), 0)


def checked_array(value: Any, shape: tuple[int, ...], what: str, dtype: Any, domain: Interval = EVERY_NUMBER) -> Array:
    """Return `value` as an array (N, *shape) of `dtype`: all finite, or integers with low <= n < high of `domain`."""
    if type(value) is np.ndarray and value.dtype == dtype and value.dtype.kind == "f" and value.shape[1:] == shape:
        array = laid_out(value) if value.ndim else value
        if value.ndim and all_finite(array):
            return array
    array = value if type(value) is np.ndarray else _as_array(value, what)
    if array.ndim == 1 and shape == (1,) and hasattr(value, "to_frame"):
        array = array[:, None]  # a column of a table of pandas or polars
    if array.ndim == 0 or (array.shape[1:] != shape and not fits(array.shape[1:], shape)):
        raise ShapeMismatch(
            f"the {what} has another shape",
            expected=batched(shape),
            received=str(array.shape),
            hint=shape_hint(array, shape, what, dtype),
        )
    if np.issubdtype(dtype, np.integer):
        _check_integers(array, what, domain)
        return laid_out(array.astype(dtype, copy=False))
    _check_kind(array, what, "fiub")
    converted = array
    if array.dtype != dtype:
        with np.errstate(over="ignore"):
            converted = array.astype(dtype)
    converted = laid_out(converted)
    if not all_finite(converted):
        raise DataError(
            f"the {what} is not finite",
            expected="numbers without NaN and infinity"
            + (f" that {dtype} can hold" if np.isfinite(array).all() else ""),
            received=_first(array, ~np.isfinite(converted)),
            hint="drop or fill these entries first: numpy.isfinite(x) finds them" + _left_out(what),
        )
    return converted


def checked_stack(
    value: Any, shapes: Mapping[str, tuple[int, ...]], what: str, dtype: Any
) -> tuple[dict[str, Array], tuple[int, ...]]:
    """Return tangents or cotangents by name, (*S, *shape) each, and the leading stack axes S that they share.

    A mapping may leave names out, which then do not change; an array is the only one's.
    """
    names = list(shapes)
    if not names:
        raise DerivativeError(f"the network has nothing to change by a {what}: no parameters, or only integer inputs")
    if isinstance(value, Mapping):
        unknown = [str(name) for name in value if name not in shapes]
        if unknown or not value:
            raise DataError(
                f"these are no {what}s of the network",
                expected="some of " + ", ".join(names),
                received=", ".join(unknown) or "none",
            )
        given: Mapping[str, Any] = value
    else:
        given = _by_name(value, names, what)
    arrays: dict[str, Array] = {}
    stacks: dict[str, tuple[int, ...]] = {}
    for name, each in given.items():
        array = _as_array(each, f"{what} '{name}'")
        axes = array.ndim - len(shapes[name])
        _check_kind(array, f"{what} '{name}'", "fiub")
        if axes < 0 or array.shape[axes:] != shapes[name]:
            raise ShapeMismatch(
                f"the {what} '{name}' has another shape",
                expected=f"(*S, {', '.join(map(str, shapes[name]))}), with any leading stack axes S",
                received=str(array.shape),
            )
        arrays[name] = laid_out(array.astype(dtype, copy=False))
        stacks[name] = array.shape[:axes]
    if len(set(stacks.values())) > 1:
        raise ShapeMismatch(
            f"the {what}s differ in their leading stack axes",
            received=", ".join(f"'{name}' {stack}" for name, stack in stacks.items()),
        )
    return arrays, next(iter(stacks.values()))


def _check_kind(array: Array, what: str, kinds: str) -> None:
    if array.dtype.kind not in kinds:
        real = "f" in kinds
        raise DataError(
            f"the {what} holds {'no real numbers' if real else 'no integers'}",
            expected="floating-point numbers or integers" if real else "integers",
            received=str(array.dtype),
        )


def _check_integers(array: Array, what: str, domain: Interval) -> None:
    """Refuse what holds no integers, and integers outside low <= n < high; two passes over the array where all fit."""
    # Data files know one kind of number: floats that are whole count as the integers that they stand for.
    kind = array.dtype.kind
    if kind == "f" and not (whole := np.isfinite(array) & (np.trunc(array) == array)).all():
        raise DataError(f"the {what} holds no integers", expected="integers", received=_first(array, ~whole))
    if kind not in "iuf":
        entry = f": {_first(array, np.ones(array.shape, bool))}" if kind == "b" and array.size else ""
        hint = "numbers of labels: numpy.unique(y, return_inverse=True)[1]" if kind in "UO" else None
        if kind == "b":
            hint = (
                f"{'y' if what.startswith('target') else 'x'}.astype(int), where a mask of 0 and 1 is meant, or classes"
            )
        raise DataError(
            f"the {what} holds no integers", expected="integers", received=f"{array.dtype}{entry}", hint=hint
        )
    if not array.size:
        return
    low, high = domain if kind == "i" else _held_by(array.dtype, domain)
    if low <= int(array.min()) and int(array.max()) < high:
        return
    outside = (array < low) | (array >= high)
    among = f", and {np.count_nonzero(outside) - 1} more" if np.count_nonzero(outside) > 1 else ""
    raise DataError(
        f"the {what} is outside its domain",
        expected=_integers_between(low, high),
        received=_first(array, outside) + among,
        hint=_negative(what) if domain == FROM_ZERO else None,
    )


def _left_out(what: str) -> str:
    return "; a sample_weight of 0 leaves filled ones out" if what.startswith("target") else ""


def _negative(what: str) -> str:
    if what.startswith("target"):
        return "for what does not count, such as padding, any class number and a sample_weight of 0"
    return "a layer that takes negative integers says so in its domain"


def _held_by(dtype: np.dtype[Any], domain: Interval) -> tuple[float, float]:
    """Return the part of a domain in which floats, or unsigned integers, become the int64 that they are."""
    low, high = domain
    if dtype.kind == "f":
        exact = 2.0 ** (np.finfo(dtype).nmant + 1)
        return max(low, -exact), min(high, exact)
    return low, min(high, 2.0**63)


def _integers_between(low: float, high: float) -> str:
    least, most = math.ceil(low) if math.isfinite(low) else None, math.ceil(high) - 1 if math.isfinite(high) else None
    if least is None or most is None:
        return f"integers of at {f'most {most}' if least is None else f'least {least}'}"
    return f"integers from {least} to {most}"


def _first(array: Array, found: Array) -> str:
    """Return the first entry that was found, and where it stands."""
    position = np.unravel_index(int(np.argmax(found)), found.shape)
    return f"{array[position]} at {place_of(position)}"


def all_finite(array: Array) -> bool:
    """Return whether an array of floating-point numbers in C order holds neither NaN nor infinity."""
    if array.nbytes < SMALL_BYTES:
        # Of all products vdot alone warns of no overflow; then, well before the entries overflow, each is looked at.
        return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())
    # NaN and infinity survive a sum, which needs no array of its own; a sum that overflows is looked at again.
    with np.errstate(over="ignore", invalid="ignore"):
        sums: list[Any] = []
        in_rows(lambda rows: sums.append(np.add.reduce(array[rows], axis=None)), len(array), array.nbytes)
        return bool(np.isfinite(sums).all()) or bool(np.isfinite(array).all())


def _as_array(value: Any, what: str) -> Array:
    array = plain_array(value, what)
    if array.dtype == object and not isinstance(value, np.ndarray):
        raise DataError(
            f"the {what} is no array of numbers",
            expected="rows of equal length that hold numbers",
            received=f"a {type(value).__name__}",
        )
    return array


def _by_name(value: Any, names: list[str], what: str) -> Mapping[str, Any]:
    """Return arrays by name: a mapping as it is, an array as the only one's."""
    if type(value) is np.ndarray or not isinstance(value, Mapping):
        if len(names) == 1:
            return {names[0]: value}
        raise DataError(
            f"the network has {len(names)} {what}s",
            expected="a mapping with " + ", ".join(names) if names else "none: no output has a cost",
            received=type(value).__name__,
        )
    if set(value) != set(names):
        raise DataError(
            f"these are not the network's {what}s",
            expected=", ".join(names) or "none",
            received=", ".join(map(str, value)) or "none",
        )
    return value
