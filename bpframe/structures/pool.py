"""The Jacobian of pooling: add up what every window sees, or keep one entry of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.forms.matrix_form import Rows
from bpframe.structures.windows import Windows
from bpframe.validation.plain_arrays import Array

__all__ = ["Pool", "largest"]


def largest(x: Array, windows: Windows) -> tuple[Array, Array]:
    """Return the largest entry of every window, channel by channel, and which one it is: the first of equal ones.

        y[p, c] = max_s x[stride·p + dilation·s − padding, c]

    Padding never wins. NaN does: a window with one has NaN. Shapes: x (N, *places, channels) -> both (N, *new places,
    channels); which counts the places of a window in C order, in the smallest integers that can, as `Pool` takes it.
    """
    entries = windows._entries(windows._with_padding(x, -np.inf))
    y = next(entries).copy()
    which = np.zeros_like(y, dtype=_counting(windows))
    later = np.empty_like(which)
    for number, entry in enumerate(entries, start=1):
        np.multiply(np.greater(entry, y), which.dtype.type(number), out=later)
        np.maximum(which, later, out=which)  # a larger one was met later
        np.maximum(y, entry, out=y)
    return y, which


class Pool(Operator):
    """Add up the entries of every window, channel by channel, or keep the one that `which` names.

        y[p, c] = Σ_s x[stride·p + dilation·s − padding, c]    or    y[p, c] = x[stride·p + dilation·s − padding, c]
                                                               with s = which[p, c]; zero outside

    `windows` is a `Windows`, whose rows it does not write out. A mean is `compose(Diagonal(1 / count), Pool(windows))`,
    a maximum is `Pool(windows, which)` with `y, which = largest(x, windows)`. The transpose of the sum repeats entries:
    `transposed(Pool(Windows((2, 2), stride=2)))` enlarges an image.

    Shapes: which (N, *new places, channels), or 1 in place of N where all examples share it: integers that count the
    places of a window in C order; inputs (*places, channels), outputs (*new places, channels), as `Windows` has them.
    Cost: one addition for each entry of a window.

    Errors: `check` refuses inputs that the windows refuse, and a which of another shape or dtype or beyond the window.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-Based Learning Applied to Document Recognition (1998), section
    II.B, for the sum; Zeiler and Fergus, Visualizing and Understanding Convolutional Networks (2014), section 2.1, for
    the switches.
    """

    __slots__ = ("which", "windows")

    structure = "pool"

    def __init__(self, windows: Windows, which: Array | None = None) -> None:
        self.windows = windows
        self.which = which

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Add up, or pick: (*S, N, *places, channels) -> (*S, N, *new places, channels)."""
        entries = self.windows._entries(self.windows._with_padding(v, 0))
        if self.which is None:
            pushed = next(entries).copy()
            for entry in entries:
                np.add(pushed, entry, out=pushed)
            return pushed
        pushed = np.multiply(next(entries), np.equal(self.which, 0))
        for number, entry in enumerate(entries, start=1):
            np.add(pushed, np.multiply(entry, np.equal(self.which, number)), out=pushed)
        return pushed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Send back to all entries of a window, or to the one: (*S, N, *new places, channels) -> (*S, N, *in_shape)."""
        *places, channels = self.in_shape
        first = u.ndim - len(self.in_shape)
        padded = self.windows._padded(places)
        alone = self.windows._are_apart()
        make = np.empty_like if alone and self.windows._cover(padded) else np.zeros_like
        pulled = make(u, shape=(*u.shape[:first], *padded, channels))
        for number, entry in enumerate(self.windows._entries(pulled)):
            share = u if self.which is None else np.equal(self.which, number)
            if alone and self.which is None:
                entry[...] = share
            elif alone:
                np.multiply(u, share, out=entry)
            else:
                np.add(entry, share if self.which is None else np.multiply(u, share), out=entry)
        return self.windows._without_padding(pulled, places)

    @property
    def _arrays(self) -> Mapping[str, int]:  # type: ignore[override]  # a constant of the class elsewhere
        return {} if self.which is None else {"which": 1}

    @property
    def _ignores_examples(self) -> bool:
        return self.batch is None

    @property
    def cost(self) -> int:
        """One addition for each entry of a window."""
        return math.prod(self.out_shape) * (math.prod(self.windows.size) if self.which is None else 1)

    def check(self, batch: int) -> None:
        """Refuse a which that is no integer array (N, *out_shape) with entries in 0 ... size − 1."""
        super().check(batch)
        if self.which is None:
            return
        size = math.prod(self.windows.size)
        if self.which.dtype.kind not in "iu":
            self._refuse("needs integers in which", "an integer dtype", f"dtype {self.which.dtype}")
        wrong = (self.which < 0) | (self.which >= size)
        if wrong.any():
            self._refuse("picks outside of its window", f"entries from 0 to {size - 1}", f"{self.which[wrong][0]}")

    def _rows(self, kind: Array) -> Rows | None:
        if self.which is None and any(map(any, self.windows.padding)):
            return None  # padding has no column to stand in
        size, outputs = math.prod(self.in_shape), math.prod(self.out_shape)
        places = np.arange(1, size + 1, like=kind).reshape(1, *self.in_shape)
        entries = self.windows._entries(self.windows._with_padding(places, 0))
        read = np.stack([entry[0] for entry in entries], axis=-1).reshape(1, outputs, math.prod(self.windows.size))
        if self.which is not None:
            read = np.take_along_axis(read, self.which.reshape(len(self.which), outputs, 1).astype(np.intp), axis=-1)
        return read > 0, np.maximum(read - 1, 0)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if out_shape is None and self.which is not None:
            out_shape = self.which.shape[1:]
        if out_shape is None and in_shape is not None and in_shape:
            rows = self.windows._infer(in_shape, None)[1]
            out_shape = None if rows is None else (*rows[:-1], in_shape[-1])
        return in_shape, out_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        rows = (*out_shape[:-1], math.prod(self.windows.size) * in_shape[-1]) if in_shape and out_shape else ()
        self.windows._check_shapes(in_shape, rows)
        if out_shape[-1] != in_shape[-1]:
            self._refuse("keeps its channels", f"outputs of shape {(*out_shape[:-1], in_shape[-1])}", f"{out_shape}")
        if self.which is not None and self.which.shape[1:] != out_shape:
            self._refuse_array("which", f"new places, channels), here {out_shape}")


def _counting(windows: Windows) -> type[np.signedinteger]:
    """The smallest integers that number the places of a window."""
    size = math.prod(windows.size)
    return np.int8 if size <= 128 else np.int16 if size <= 2**15 else np.int64
