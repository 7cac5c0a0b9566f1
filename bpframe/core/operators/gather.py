"""The Jacobian of an index map: pooling, embedding, padding, cropping."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.core.operators.reshape import Reshape
from bpframe.forms.index_map import gathered, scattered
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.matrix_form import Rows
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.forms.scattered_form import gathered_form
from bpframe.validation.plain_arrays import Array

__all__ = ["Gather"]


class Gather(Operator):
    """Pick one input entry, or zero, for every output entry.

        (J v)_o = v_{index(o)},    (Jᵀ u)_i = Σ_{o: index(o) = i} u_o

    Shapes: index (N, *out_shape) of signed integers, or (1, *out_shape) where all examples share it; its entries are
    flat positions in the input's features (C order), −1 reads zero. Inputs are `in_shape`. Cost: one move or addition
    per output. Gathers compose with gathers and reshapes to gathers.

    Errors: OperatorError where in_shape is needed and was neither given nor bound. `check` refuses entries below −1 or
    beyond the input, and an index that is not of signed integers or of another shape.
    """

    __slots__ = ("_padding", "index")

    structure = "gather"
    _arrays: ClassVar = {"index": 1}
    _shapes_from: ClassVar = "Gather(index, in_shape) where it is made, or bind(in_shape, out_shape) before use"
    _padding: Array | bool | None

    def __init__(self, index: Array, in_shape: Shape | None = None) -> None:
        self.index = index
        self._padding = None
        if in_shape is not None:
            self.in_shape = in_shape

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Gather: (*S, N, *in_shape) -> (*S, N, *out_shape)."""
        axis = v.ndim - len(self.in_shape) - 1
        stack, examples, size = v.shape[:axis], v.shape[axis], math.prod(v.shape[axis + 1 :])
        count = math.prod(stack)
        if self.index.shape[0] == 1:
            pushed = self._read(v.reshape(count * examples, size), self.index[0])
        else:
            pushed = self._read(v.reshape(count, examples * size), self._positions(size))
        return pushed.reshape(*stack, examples, *self.index.shape[1:])

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Scatter and add: (*S, N, *out_shape) -> (*S, N, *in_shape)."""
        in_shape = self.in_shape
        axis = u.ndim - self.index.ndim
        stack, examples, size = u.shape[:axis], u.shape[axis], math.prod(in_shape)
        count = math.prod(stack)
        if self.index.shape[0] == 1:
            pulled = self._scatter(u.reshape(count * examples, self._outputs()), self.index, size)
        else:
            pulled = self._scatter(u.reshape(count, examples * self._outputs()), self._positions(size), examples * size)
        return pulled.reshape(*stack, examples, *in_shape)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Gather from one shared array, without a copy per example: (*S, *in_shape) -> (*S, batch, *out_shape)."""
        stack = v.shape[: v.ndim - len(self.in_shape)]
        size = math.prod(v.shape[len(stack) :])
        pushed = self._read(v.reshape(math.prod(stack), size), self.index).reshape(*stack, *self.index.shape)
        if self.index.shape[0] == batch:
            return pushed
        return np.broadcast_to(pushed, (*stack, batch, *self.index.shape[1:]))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Scatter and add all examples into one array: (*S, N, *out_shape) -> (*S, *in_shape)."""
        in_shape = self.in_shape
        axis = u.ndim - self.index.ndim
        stack = u.shape[:axis]
        if self.index.shape[0] == 1:
            u = add_over(u, axis, None)
        flat = u.reshape(math.prod(stack), self.index.shape[0] * self._outputs())
        return self._scatter(flat, self.index, math.prod(in_shape)).reshape(stack + in_shape)

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Keep the values and where they go, by whole rows of the input where the last axis reads such rows."""
        found = gathered_form(self.index, self._padded(), u, self.in_shape)
        return KroneckerForm.of_vectors(self.vjp(u), self.in_shape) if found is None else found

    @property
    def cost(self) -> int:
        """One move or addition per output."""
        return self._outputs()

    def _rows(self, kind: Array) -> Rows:
        index = self.index.reshape(len(self.index), self._outputs(), 1)
        return index >= 0, np.maximum(index, 0)

    def check(self, batch: int) -> None:
        """Refuse an index that is no integer array (batch or 1, *out_shape) with entries in −1 ... inputs − 1."""
        super().check(batch)
        if self.index.dtype.kind != "i":
            self._refuse("needs an index of integers", "a signed integer dtype", f"dtype {self.index.dtype}")
        inputs = math.prod(self.in_shape)
        wrong = (self.index < -1) | (self.index >= inputs)
        if wrong.any():
            self._refuse(
                "reads outside its input",
                f"entries from -1 (zero) to {inputs - 1}, flat positions in an input of shape {self.in_shape}",
                f"{int(self.index[wrong][0])}",
            )

    def _outputs(self) -> int:
        return math.prod(self.index.shape[1:])

    def _positions(self, size: int) -> Array:
        """The index as positions in the flattened batch: example n starts at n·size. Padding points anywhere."""
        examples = self.index.shape[0]
        starts = np.multiply(np.arange(examples, like=self.index), size)
        return np.add(self.index.reshape(examples, self._outputs()), starts[:, None])

    def _padded(self) -> Array | None:
        """True where the index reads zero; None where it never does. Found once, at first use."""
        if not isinstance(self.index, np.ndarray):
            return self.index < 0  # what is in it may not be asked: it may stand for others, see `_as_one_call`
        if self._padding is None:
            mask = self.index < 0
            self._padding = mask if mask.any() else False
        return None if isinstance(self._padding, bool) else self._padding

    def _read(self, flat: Array, positions: Array) -> Array:
        """(count, size) -> (count, positions)."""
        return _as_one_call(gathered, positions.reshape(positions.size), flat, self._flat_padding())

    def _scatter(self, flat: Array, positions: Array, size: int) -> Array:
        """(count, positions) -> (count, size), adding where a position occurs more than once."""
        positions, alone = positions.reshape(positions.size), self.index.shape[0] == 1
        return _as_one_call(scattered, positions, flat, self._flat_padding(), size, alone)

    def _flat_padding(self) -> Array | None:
        padding = self._padded()
        return None if padding is None else padding.reshape(padding.size)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        return in_shape, self.index.shape[1:] if out_shape is None else out_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if self.index.shape[1:] != out_shape:
            self._refuse(
                "has an index that does not fit its output's shape",
                f"an index of shape (N, *{out_shape})",
                f"an index of shape {self.index.shape}",
            )

    def _after(self, other: Operator) -> Operator | None:
        if isinstance(other, Reshape):
            return Gather(self.index)
        if isinstance(other, Gather):
            return Gather(_chain(self.index, other.index))
        return None

    def _before(self, other: Operator) -> Operator | None:
        out_shape = other._known_shapes()[1]
        if isinstance(other, Reshape) and out_shape is not None:
            return Gather(self.index.reshape(self.index.shape[0], *out_shape))
        return None


def _as_one_call(function: Callable[..., Array], positions: Array, *others: Any) -> Array:
    """Call a function as NumPy calls its own, which arrays of another library, or of a record, may take over whole.

    What it does depends on the numbers in the positions, which a record of single calls would hold fast.
    """
    if not isinstance(positions, np.ndarray):
        found: Array = positions.__array_function__(function, (type(positions),), (positions, *others), {})
        if found is not NotImplemented:
            return found
    return function(positions, *others)


def _chain(outer: Array, inner: Array) -> Array:
    """The index of outer ∘ inner: (N or 1, *outer) and (N or 1, *inner) -> (N or 1, *outer); −1 stays −1."""
    examples = inner.shape[0] if outer.shape[0] == 1 else outer.shape[0]
    width = math.prod(inner.shape[1:])
    flat_outer = outer.reshape(outer.shape[0], math.prod(outer.shape[1:]))
    padding = flat_outer < 0
    if width == 0:
        read = np.full_like(flat_outer, -1, shape=(examples, flat_outer.shape[1]))
    else:
        # Row 0 of a shared inner index serves every example.
        rows = np.arange(inner.shape[0], like=outer)[:, None]
        read = inner.reshape(inner.shape[0], width)[rows, flat_outer]
    chained = np.where(padding, -1, read)
    return chained.reshape(examples, *outer.shape[1:])
