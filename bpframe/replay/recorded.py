"""An array that records what NumPy does with it.

It is no NumPy array: it offers NumPy's protocols, as other array libraries do, and computes on a real array at once.
Whatever depends on the numbers themselves outside of arrays (`float(x)`, `if x.max() > 1:`, `np.asarray(x)`) raises
NotRecordable: the record of such a component would be that of one batch only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partialmethod
from operator import attrgetter
from typing import Any, Self

import numpy as np

from bpframe.replay import functions
from bpframe.replay.located import Located
from bpframe.replay.tape import Tape
from bpframe.validation.plain_arrays import Array

__all__ = ["Recorded"]

#: `x ** k` of an array is not np.power for these k.
_POWERS: dict[float, np.ufunc] = {2: np.square, 1: np.positive, 0.5: np.sqrt, -1: np.reciprocal}


def _seen(view: Callable[..., Array]) -> Callable[..., Any]:
    """Return a method that gives a view of the array."""
    return lambda self, *args, **kwargs: self.seen_as(view(self.array, *args, **kwargs))


class Recorded(Located, np.lib.mixins.NDArrayOperatorsMixin):
    """Behaves as the NumPy array that it stands for, and records what is done with it."""

    __slots__ = ()

    # NumPy's protocols --------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        return functions.apply_ufunc(self.tape, Recorded, ufunc, method, inputs, keywords)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return functions.apply_function(self.tape, Recorded, function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        if self.tape.closed:
            return np.array(self.array, *args, **kwargs)
        raise self.tape.refuse("a conversion to a NumPy array")

    def __getattr__(self, name: str) -> Any:
        if name in Located.__slots__:  # of an object that copy makes, before it has any
            raise AttributeError(name)
        if self.tape.closed:
            return getattr(self.array, name)
        raise self.tape.refuse("a conversion to a NumPy array" if name.startswith("__array") else f"ndarray.{name}")

    # What the shape tells -------------------------------------------------------------------------------------------

    @property
    def _any(self) -> Any:  # for NumPy's annotations, which know its own arrays only
        return self

    shape, ndim, size, dtype, itemsize, nbytes, strides, flags = (
        property(attrgetter(f"array.{name}"))
        for name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags")
    )

    def __len__(self) -> int:
        return len(self.array)

    # Views ----------------------------------------------------------------------------------------------------------

    T, mT, real = (property(_seen(attrgetter(name))) for name in ("T", "mT", "real"))  # noqa: N815
    transpose, swapaxes, squeeze, diagonal = (
        _seen(getattr(np.ndarray, name)) for name in ("transpose", "swapaxes", "squeeze", "diagonal")
    )

    @property
    def imag(self) -> Any:
        return np.imag(self._any)  # of real numbers: zeros, a new array

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        return functions.reshaped(self, self.array.reshape(*shape, order=order), order)

    def ravel(self, order: Any = "C") -> Any:
        return functions.reshaped(self, self.array.ravel(order), order)

    def flatten(self, order: Any = "C") -> Any:
        return self.ravel(order).copy()

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return functions.item(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        functions.assign(self, key, value)

    # New arrays -----------------------------------------------------------------------------------------------------

    def copy(self, order: Any = "C") -> Any:
        return functions.copied(self, self.array.copy(order))

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True, copy: bool = True
    ) -> Any:
        if not copy and self.dtype == dtype:
            return self
        return functions.copied(self, self.array.astype(dtype, order, casting))

    def fill(self, value: Any) -> None:
        np.copyto(self._any, value, casting="unsafe")

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, int | float) and self.dtype.kind in "fc" and exponent in _POWERS:
            return _POWERS[exponent](self._any)
        return np.power(self._any, exponent)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.add.reduce(self._any, axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def prod(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.multiply.reduce(self._any, axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.maximum.reduce(self._any, axis=axis, out=out, keepdims=keepdims)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.minimum.reduce(self._any, axis=axis, out=out, keepdims=keepdims)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.logical_or.reduce(self._any, axis=axis, out=out, keepdims=keepdims)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return np.logical_and.reduce(self._any, axis=axis, out=out, keepdims=keepdims)

    def conj(self) -> Any:
        return np.conjugate(self._any) if self.dtype.kind == "c" else self

    conjugate = conj


class RecordedNumber(Recorded):
    """A number that NumPy returned, such as x.sum() or x[0, 0]: unlike an array it never changes.

    `s += 1` gives the name another number, and what is seen in another shape is a copy.
    """

    __slots__ = ()

    @classmethod
    def of(cls, array: Array, tape: Tape, pinned: bool = False) -> Self:
        if array.dtype.kind == "c":
            raise tape.refuse("a complex number, with which NumPy computes otherwise than with arrays")
        return super().of(array, tape, pinned)

    def seen_as(self, view: Array) -> Any:
        if self.tape.closed:
            return view
        if view.ndim == 0:
            raise self.tape.refuse("a view of a number")
        made = Recorded.of(view.copy(), self.tape)
        self.tape.add(np.copyto, made.place, self.place)
        return made

    def __pow__(self, exponent: Any) -> Any:
        return functions.power(self, exponent)

    def __rpow__(self, base: Any) -> Any:
        return functions.power(base, self)


Recorded.number = RecordedNumber


def _deciding(name: str) -> Callable[..., Any]:
    """Return a method that takes numbers out of the array."""

    def method(self: Recorded, *args: Any) -> Any:
        if self.tape.closed:
            return getattr(self.array, name)(*args)
        raise self.tape.refuse("a decision by the numbers in an array")

    return method


for _name in ("__bool__", "__float__", "__int__", "__index__", "__complex__", "__contains__", "item", "tolist",
              "__repr__", "__str__", "__format__"):  # fmt: skip  # who shows an array wants its numbers in every pass
    setattr(Recorded, _name, _deciding(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor",
              "matmul"):  # fmt: skip
    setattr(RecordedNumber, f"__i{_name}__", lambda self, other: NotImplemented)  # Python then binds the name anew
for _name in ("mean", "std", "var", "take", "dot", "clip", "round", "repeat", "cumsum", "cumprod", "argmax", "argmin",
              "trace", "argsort"):  # fmt: skip
    setattr(Recorded, _name, partialmethod(getattr(np, _name)))
