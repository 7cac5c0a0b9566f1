"""Bounds of parameters: read from what users write, and which of them hold a fit back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.curve_fitting.data import real_numbers
from bpframe.curve_fitting.formula import Formula, check_name
from bpframe.errors import DataError
from bpframe.validation.plain_arrays import Array

__all__ = ["Bounds", "bounds_of"]


@dataclass(frozen=True)
class Bounds:
    """low ≤ θ ≤ high, each (P,), infinite where nothing bounds."""

    low: Array
    high: Array

    def inside(self, theta: Array) -> bool:
        """Whether θ keeps to them."""
        return bool(((theta >= self.low) & (theta <= self.high)).all())

    def edge(self, theta: Array) -> Array:
        """Return which parameters sit on a bound, (P,)."""
        return np.asarray((theta <= self.low) | (theta >= self.high))

    def holding(self, theta: Array, gradient: Array) -> Array:
        """Return which parameters sit on a bound that the cost, of this gradient, would fall beyond, (P,)."""
        return np.asarray(((theta <= self.low) & (gradient >= 0)) | ((theta >= self.high) & (gradient <= 0)))


def bounds_of(given: Any, formula: Formula) -> Bounds | None:
    """Return the bounds by parameter name as two vectors, or None where there are none.

    Errors: DataError (no mapping, an unknown name, no pair of numbers, none between them, a start outside of them).
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise DataError(
            "bounds are given by parameter name",
            expected="a mapping to (low, high), such as {'rate': (0, None)}, None being no bound",
            received=repr(given)[:60],
            hint="dict(zip(names, zip(lows, highs)))" if isinstance(given, tuple) and len(given) == 2 else None,
        )
    fitted = (*formula.start, *formula.shown)  # what is fixed may keep its bounds
    for name in given:
        check_name("bounds", name, fitted, formula.name)
    low, high = [], []
    for name, start in formula.start.items():
        one, other = _pair(name, given.get(name, (None, None)), start.shape)
        low.append(np.broadcast_to(one, start.shape).ravel())
        high.append(np.broadcast_to(other, start.shape).ravel())
        if (start < one).any() or (start > other).any():
            raise DataError(
                f"the start of '{name}' is outside of its bounds",
                expected=f"between {_told(one)} and {_told(other)}",
                received=_told(start),
                hint=f"start={{'{name}': ...}}",
            )
    found = Bounds(np.concatenate(low), np.concatenate(high))
    return found if np.isfinite(found.low).any() or np.isfinite(found.high).any() else None


def _pair(name: str, given: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise DataError(
            f"the bounds of '{name}' are no pair",
            expected="(low, high), with None for no bound",
            received=repr(given)[:60],
        )
    low, high = (
        np.array(missing) if each is None else real_numbers(f"a bound of '{name}'", each)
        for each, missing in zip(given, (-np.inf, np.inf), strict=True)
    )
    if low.shape not in ((), shape) or high.shape not in ((), shape):
        raise DataError(f"the bounds of '{name}' have another shape", expected=str(shape), received=str(low.shape))
    if not (low < high).all():
        raise DataError(
            f"the bounds of '{name}' leave nothing between them",
            expected="low below high",
            received=f"({_told(low)}, {_told(high)})",
            hint=f"fixed={{'{name}': {_told(low)}}}" if (low == high).all() else None,
        )
    return low, high


def _told(value: Array) -> str:
    return f"{value:g}" if value.ndim == 0 else str(value.tolist())
