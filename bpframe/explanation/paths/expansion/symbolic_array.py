"""Arrays of symbolic numbers, which is what components are handed: every entry has the methods that ufuncs call.

NumPy's functions on arrays of objects do not mind what lies in them, so that `np.minimum(z, 0)` leaves a plain 0 where
it is less, of which `np.exp` then asks what it has not. Here plain numbers become constants before every ufunc, and
ufuncs that know no objects at all, such as SciPy's, have a formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.explanation.paths.expansion.symbolic_number import (
    Comparison,
    SymbolicNumber,
    apply,
    constant,
    is_constant,
)

__all__ = ["SymbolicArray", "symbolic"]


_OBJECTS = np.dtype(object)


class SymbolicArray(np.ndarray[Any, Any]):
    """An array of symbolic numbers, or of truth values and places that came of some; what NumPy makes of it is one."""

    decided: list[Comparison]

    def __array_finalize__(self, other: Any) -> None:
        """Have the list of comparisons of the array that this one came from."""
        self.decided = getattr(other, "decided", [])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **words: Any) -> Any:
        """Apply a ufunc to objects that are all symbolic numbers."""
        if out is not None:
            words["out"] = tuple(_bare(each) for each in out)
        numbers = any(isinstance(each, SymbolicNumber) or getattr(each, "dtype", None) == _OBJECTS for each in inputs)
        special = _SPECIAL.get(ufunc.__name__) if method == "__call__" and numbers else None
        function = ufunc if special is None else np.frompyfunc(special, ufunc.nin, 1)
        given = [self._plain(each) if numbers else _bare(each) for each in inputs]
        if method == "at":
            given[:2] = _bare(inputs[0]), inputs[1]
        elif method == "reduceat":
            given[1] = inputs[1]
        found = getattr(function, method)(*given, **words)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return symbolic(np.asarray(found, bool) if ufunc.__name__ in _TRUTH else found, self.decided)

    def __array_function__(self, function: Any, types: Any, arguments: Any, words: Any) -> Any:
        """Apply one of NumPy's other functions."""
        return symbolic(super().__array_function__(function, types, arguments, words), self.decided)

    def _plain(self, value: Any) -> Any:
        """Return a ufunc's argument with symbolic numbers alone in it."""
        if isinstance(value, SymbolicNumber) or value is None:
            return value
        if is_constant(value):
            return constant(value, self.decided)
        array = np.asarray(value)
        entries = array.reshape(-1).tolist()
        found = np.empty(len(entries), object)
        found[:] = [constant(each, self.decided) if is_constant(each) else each for each in entries]
        return found.reshape(array.shape)


def symbolic(value: Any, decided: list[Comparison]) -> Any:
    """Return arrays, also in tuples and lists, as symbolic ones; all else as it is."""
    if isinstance(value, tuple | list):
        return type(value)(symbolic(each, decided) for each in value)
    if isinstance(value, np.ndarray):
        found = value.view(SymbolicArray)
        found.decided = decided
        return found
    return value


def _bare(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, SymbolicArray) else value


#: Ufuncs that take no objects, by name, as formulas of symbolic numbers.
_SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": lambda x: apply("erf", x),
    "erfc": lambda x: 1 - apply("erf", x),
    "ndtr": lambda x: 0.5 * (1 + apply("erf", x / math.sqrt(2))),
    "expit": lambda x: 1 / (1 + apply("exp", -x)),
    "logaddexp": lambda x, y: apply("log", apply("exp", x) + apply("exp", y)),
    "hypot": lambda x, y: apply("sqrt", x * x + y * y),
    "isfinite": lambda x: math.isfinite(x.value),
    "isnan": lambda x: math.isnan(x.value),
    "isinf": lambda x: math.isinf(x.value),
}

#: Those that say something of a number that is true or not.
_TRUTH = {"isfinite", "isnan", "isinf"}
