"""Fields that hold arrays: `m: np.ndarray` in a component, taken as a copy that nobody can write.

    np.ndarray                  numbers as float64, whole numbers as int64, truth values as bool
    NDArray[np.float32]         numbers of this dtype, rounded to it
    np.ndarray | None, tuple[np.ndarray, ...], dict[str, np.ndarray]      and other types made of these

Nested lists of numbers are taken too. Spec files hold such lists; what is read back is what was written, to the last
bit.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, ValidationError, core_schema

from bpframe.errors import ContractError, DataError, SpecError
from bpframe.validation.in_words import InWords
from bpframe.validation.mistakes import refusal, shortened
from bpframe.validation.plain_arrays import Array, place_of, plain_array

__all__ = ["constant", "content", "hashable", "printed", "replaced", "same", "with_arrays"]


#: What numbers are kept as where a field states no dtype: what spec files can tell apart.
_KEPT: dict[str, Any] = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}

_WORDS = {"f": "numbers", "i": "integers", "u": "integers of at least 0", "b": "truth values"}

#: NumPy's names for several dtypes, and which of them is kept; None for any.
_ABSTRACT: dict[Any, Any] = {
    Any: None, np.generic: None, np.number: None, np.floating: np.float64, np.inexact: np.float64,
    np.integer: np.int64, np.signedinteger: np.int64,
}  # fmt: skip

#: What pydantic would ask of the array as a whole.
_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length")

#: Up to how many entries an array is printed in full.
_PRINTED = 16

_NESTED: dict[str, Any] = {"type": ["number", "boolean", "array"]}


@dataclass(frozen=True)
class _ArrayField:
    """How a field takes an array: with which dtype and how many axes, None for any."""

    dtype: np.dtype[Any] | None
    axes: int | None

    @property
    def wanted(self) -> str:
        words = "numbers" if self.dtype is None else _WORDS[self.dtype.kind]
        axes = "" if self.axes is None else " with 1 axis" if self.axes == 1 else f" with {self.axes} axes"
        return f"an array of {words}{axes}, or nested lists of them"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        as_lists = core_schema.plain_serializer_function_ser_schema(np.ndarray.tolist, when_used="json")
        return core_schema.no_info_plain_validator_function(self.taken, serialization=as_lists)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**_NESTED, "items": _NESTED}

    def taken(self, value: Any) -> Array:
        """Return a value as a plain array in C order: a copy that nobody can write."""
        try:
            array = plain_array(value, "array")
        except DataError as error:
            if not isinstance(value, np.ma.MaskedArray):
                raise self._refused(value, "it is no array of numbers", error.received) from None
            raise self._refused(value, error.problem, error.received, "fill them in: array.filled(value)") from None
        except Exception as error:  # of an `__array__` of somebody else's class
            raise self._refused(value, "it makes no NumPy array", f"{type(error).__name__}: {error}") from None
        if array.dtype.kind not in _KEPT or _is_mixed(value, array):
            raise self._refused(value, "it is no array of numbers")
        dtype = np.dtype(_KEPT[array.dtype.kind]) if self.dtype is None else self.dtype
        if (array.dtype.kind == "b") != (dtype.kind == "b"):
            raise self._refused(value, "truth values are no numbers, and numbers no truth values")
        if array.size == 0:
            raise self._refused(value, "it has no entries", f"shape {array.shape}", "np.ndarray | None also takes None")
        if self.axes is not None and array.ndim != self.axes:
            raise self._refused(value, "it has another number of axes", f"shape {array.shape}")
        with np.errstate(all="ignore"):
            kept = array.astype(dtype)
        self._check(value, "it holds NaN", array, np.isnan(array))
        lost = np.isfinite(array) & ~np.isfinite(kept) if dtype.kind == "f" else kept != array
        self._check(value, f"an entry does not fit {dtype}", array, lost)
        return constant(kept)

    def _check(self, value: Any, why: str, array: Array, wrong: Array) -> None:
        if wrong.any():
            first = tuple(np.argwhere(wrong)[0])
            raise self._refused(value, why, str(array[first]) + (f" at {place_of(first)}" if first else ""))

    def _refused(self, value: Any, why: str, received: str | None = None, hint: str | None = None) -> ValidationError:
        received = shortened(value) if received is None else received
        told = SpecError(f"{shortened(value, 40)}: {why}", expected=self.wanted, received=received, hint=hint)
        return refusal(f"cannot be {told.problem}", value=value, error=told)


def with_arrays(annotation: Any, metadata: Sequence[Any] = ()) -> Any:
    """Return a field's annotation with the way in which arrays are taken, wherever it says `np.ndarray`.

    Raises
    ------
    ContractError
        A dtype that a field cannot have, or a limit, such as `gt=0`.

    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if (alias := getattr(origin or annotation, "__value__", None)) is not None:  # as NumPy's NDArray is since 2.5
        annotation = alias[arguments] if arguments else alias
        origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is np.ndarray or origin is np.ndarray:
        for each in metadata:
            for name in _LIMITS:
                if getattr(each, name, None) is not None:
                    raise ContractError(
                        f"an array field cannot have the limit {name}={getattr(each, name)}",
                        expected="np.ndarray, and a @field_validator that looks at its shape and entries",
                    )
        field = _ArrayField(_dtype(*arguments[1:]), _axes(*arguments[:1]))
        return Annotated[np.ndarray, field, InWords(field.wanted)]
    if origin is Annotated and not any(isinstance(each, _ArrayField) for each in arguments):
        stated = [part for each in arguments[1:] for part in getattr(each, "metadata", [each])]
        return Annotated[(with_arrays(arguments[0], stated), *arguments[1:])]
    if origin in (tuple, list, dict, Union, types.UnionType):
        inner = tuple(map(with_arrays, arguments))
        if any(new is not old for new, old in zip(inner, arguments, strict=True)):
            return Union[inner] if origin in (Union, types.UnionType) else origin[inner]  # noqa: UP007
    return annotation


def _dtype(stated: Any = Any) -> np.dtype[Any] | None:
    scalar = get_args(stated)[0] if get_origin(stated) is np.dtype else stated
    kept = _ABSTRACT.get(scalar, scalar)
    if kept is None or isinstance(kept, TypeVar):
        return None
    if isinstance(kept, type) and issubclass(kept, np.generic) and not issubclass(kept, np.longdouble):
        dtype = np.dtype(kept)
        if dtype.kind in _KEPT:
            return dtype
    raise ContractError(
        f"an array field cannot be of {getattr(scalar, '__name__', scalar)}",
        expected="np.ndarray, or NDArray[...] of one dtype of floats, integers or truth values",
    )


def _axes(shape: Any = Any) -> int | None:
    """Return the number of axes in a type such as `np.ndarray[tuple[int, int], np.dtype[np.float64]]`."""
    lengths = get_args(shape)
    return len(lengths) if get_origin(shape) is tuple and Ellipsis not in lengths else None


def _is_mixed(value: Any, array: Array) -> bool:
    """Whether NumPy made one array of truth values and numbers, or rounded integers to floats."""
    kinds = {kind for kind in _kinds(value) if kind}
    return ("b" in kinds and len(kinds) > 1) or (kinds == {"i"} and array.dtype.kind == "f")


def _kinds(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _kinds(each)
    else:
        dtype = getattr(value, "dtype", np.min_scalar_type(value) if isinstance(value, bool | int | float) else None)
        kind = str(getattr(dtype, "kind", ""))
        yield "i" if kind in ("u", "O") else kind


def constant(array: Array) -> Array:
    """Return a copy that stays read-only: its memory is that of a `bytes` object."""
    return np.ndarray(array.shape, array.dtype, array.tobytes())


def content(array: Array) -> tuple[str, tuple[int, ...], bytes]:
    """Return what two arrays have to have in common to be the same."""
    return array.dtype.str, array.shape, array.tobytes()


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field are equal, arrays to the last bit."""
    return bool(replaced(one, content) == replaced(other, content))


def hashable(value: Any) -> Any:
    """Return what has the same hash for equal values of a field: arrays, and lists and mappings of them, have none."""
    if isinstance(value, np.ndarray):
        return content(value)
    if type(value) in (tuple, list):
        return tuple(map(hashable, value))
    if type(value) is dict:
        return frozenset((name, hashable(each)) for name, each in value.items())
    return frozenset(value) if type(value) is set else value


@dataclass(frozen=True)
class _Printed:
    array: Array

    def __repr__(self) -> str:
        return f"<array {self.array.shape} of {self.array.dtype}>"


def printed(array: Array) -> object:
    """Return what prints as the array: nested lists of its numbers, where they are few."""
    return array.tolist() if array.size <= _PRINTED else _Printed(array)


def replaced(value: Any, change: Callable[[Array], Any]) -> Any:
    """Return a field's value with every array in it changed; what holds none is returned as it is."""
    if isinstance(value, np.ndarray):
        return change(value)
    if type(value) in (tuple, list):
        inner = [replaced(each, change) for each in value]
        return value if all(new is old for new, old in zip(inner, value, strict=True)) else type(value)(inner)
    if type(value) is dict:
        named = {name: replaced(each, change) for name, each in value.items()}
        return value if all(named[name] is value[name] for name in value) else named
    return value
