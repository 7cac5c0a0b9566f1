"""The Jacobian of cutting out windows: im2col, the linear part of every convolution, and col2im, its transpose."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.errors import OperatorError
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["Windows"]


#: Up to so many channels, a row of places is a longer stretch of memory than the channels of a place.
_FEW_CHANNELS = 2

#: From so many channels on, those of one place are a stretch of memory that is long enough to be added by itself.
_MANY_CHANNELS = 32


class Windows(Operator):
    """Write the windows of a signal, an image or a volume out, one row for every place of the kernel (im2col).

        rows[p, s, c] = x[stride·p + dilation·s − padding, c], zero outside,    p the place, s the place in the window

    A convolution is a `Matrix` after it, `compose(Matrix(w), Windows(3))` with w (units, 3·channels); in w it is
    `WeightTimes(rows)`. `jvp` makes the rows in forward too, unbound. The transpose adds up what the windows read from
    the same place (col2im): `transposed(Windows(...))` is the linear part of a transposed convolution.

    Shapes: channels last. Inputs (*places, channels), outputs (*new places, size·channels), where the last axis is
    (*size, channels) in C order, and a new axis has (places + padding − dilation·(size − 1) − 1) // stride + 1 entries,
    with padding that of both sides together. `size` is a number for one axis of places, or one for each. `stride`,
    `padding` and `dilation` are numbers for all axes, or one for each; padding is that of each side, or a pair (before,
    after) for each axis. Cost: one move or addition per output.

    Errors: OperatorError for a geometry that is none. `check` refuses inputs of another number of axes, or smaller than
    the window.

    Source: Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks (2006), for the rows; Dumoulin
    and Visin, A guide to convolution arithmetic (2016), relationship 14 and 15, for the shapes.
    """

    __slots__ = ("dilation", "padding", "size", "stride")

    structure = "windows"
    _ignores_examples = True

    def __init__(
        self,
        size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | Sequence[tuple[int, int]] = 0,
        dilation: int | Sequence[int] = 1,
    ) -> None:
        axes = len(size) if isinstance(size, Sequence) else 1
        self.size = _each_axis("size", size, axes, 1)
        self.stride = _each_axis("stride", stride, axes, 1)
        self.dilation = _each_axis("dilation", dilation, axes, 1)
        self.padding = _sides(padding, axes)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Cut out: (*S, N, *places, channels) -> (*S, N, *new places, size·channels)."""
        first = v.ndim - len(self.size) - 1
        v = self._with_padding(v, 0)
        axes = tuple(range(first, v.ndim - 1))
        seen = np.lib.stride_tricks.sliding_window_view(v, self._reach(), axis=axes)
        steps = tuple(slice(None, None, step) for step in self.stride)
        inside = tuple(slice(None, None, step) for step in self.dilation)
        taken: Any = (..., *steps, slice(None), *inside)
        seen = np.moveaxis(seen[taken], first + len(axes), -1)
        lead, entries = seen.shape[: first + len(axes)], seen.shape[first + len(axes) :]
        if out is not None and out.flags.c_contiguous:
            np.copyto(out.reshape(seen.shape), seen)
            return out
        if v.shape[-1] > _FEW_CHANNELS or lead[-1] <= entries[-1] * entries[-2]:
            return seen.reshape(*lead, math.prod(entries))
        # With few channels the longest stretch of memory is a row of places: entries are copied one after another.
        columns = np.empty_like(v, shape=(*entries, *lead))
        np.copyto(columns, np.moveaxis(seen, range(len(lead), seen.ndim), range(len(entries))))
        return np.moveaxis(columns.reshape(math.prod(entries), *lead), 0, -1)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add up: (*S, N, *new places, size·channels) -> (*S, N, *places, channels)."""
        *places, channels = self.in_shape
        first = u.ndim - len(self.size) - 1
        pulled = np.zeros_like(u, shape=(*u.shape[:first], *self._padded(places), channels), order="C")
        if 1 < channels < _MANY_CHANNELS and self.dilation[-1] == 1:
            self._add_stretches(u, pulled)
        else:
            rows = u.reshape(*u.shape[:-1], math.prod(self.size), channels)
            for number, entry in enumerate(self._entries(pulled)):
                np.add(entry, rows[..., number, :], out=entry)
        return self._without_padding(pulled, places)

    def _add_stretches(self, u: Array, pulled: Array) -> None:
        """Add up what lies in one piece in both: all that a window reads along the last axis, (size, channels).

        Windows that overlap along that axis are added one after another: every k-th at once.
        """
        *outer, size = self.size
        *wholes, length, channels = pulled.shape
        first = len(wholes) - len(outer)
        rows = u.reshape(*u.shape[:-1], math.prod(outer), size * channels)
        flat = pulled.reshape(*wholes, length * channels)
        stretches: Any = np.lib.stride_tricks.sliding_window_view(flat, size * channels, axis=-1, writeable=True)
        apart = -(-size // self.stride[-1])
        step = self.stride[-1] * channels
        counts = u.shape[first:-1]
        for number, within in enumerate(itertools.product(*map(range, outer))):
            axes = zip(within, self.dilation, self.stride, counts, strict=False)
            taken = tuple(slice(d * place, d * place + s * count, s) for place, d, s, count in axes)
            for each in range(min(apart, counts[-1])):
                some = rows[..., each::apart, number, :]
                ends = (each + apart * some.shape[-2]) * step
                target = stretches[(..., *taken, slice(each * step, ends, apart * step), slice(None))]
                np.add(target, some, out=target)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Cut a shared tangent once and repeat it: (*S, *in_shape) -> (*S, batch, *out_shape)."""
        axis = v.ndim - len(self.size) - 1
        pushed = self.jvp(v)
        return np.broadcast_to(np.expand_dims(pushed, axis), (*v.shape[:axis], batch, *pushed.shape[axis:]))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples first."""
        return self.vjp(add_over(u, u.ndim - len(self.size) - 2, None))

    @property
    def cost(self) -> int:
        """One move or addition per output."""
        return math.prod(self.out_shape)

    def _reach(self) -> Shape:
        """How many places a window reaches over, along each axis."""
        return tuple(step * (size - 1) + 1 for size, step in zip(self.size, self.dilation, strict=True))

    def _padded(self, places: Sequence[int]) -> Shape:
        """How many places there are with the zeros around them."""
        return tuple(full + sum(sides) for full, sides in zip(places, self.padding, strict=True))

    def _with_padding(self, v: Array, value: float) -> Array:
        """The input with a value around it; itself where there is no padding."""
        if not any(map(any, self.padding)):
            return v
        first = v.ndim - len(self.size) - 1
        padded = np.empty_like(v, shape=(*v.shape[:first], *self._padded(v.shape[first:-1]), v.shape[-1]))
        padded[...] = value
        padded[self._inside(v.shape[first:-1])] = v
        return padded

    def _without_padding(self, padded: Array, places: Sequence[int]) -> Array:
        """The part of a padded input that is the input."""
        return padded[self._inside(places)] if any(map(any, self.padding)) else padded

    def _inside(self, places: Sequence[int]) -> tuple[Any, ...]:
        """Where the input lies among the zeros."""
        sides = zip(places, self.padding, strict=True)
        return (..., *(slice(before, before + full) for full, (before, _) in sides), slice(None))

    def _entries(self, padded: Array) -> Iterator[Array]:
        """Views of a padded input: what all windows have in each of their places, in C order of the window."""
        whole = zip(padded.shape[-len(self.size) - 1 : -1], self._reach(), self.stride, strict=True)
        counts = [(full - reach) // step + 1 for full, reach, step in whole]
        for within in itertools.product(*map(range, self.size)):
            starts = tuple(step * place for place, step in zip(within, self.dilation, strict=True))
            ends = (start + step * count for start, step, count in zip(starts, self.stride, counts, strict=True))
            taken: Any = (..., *(slice(*each) for each in zip(starts, ends, self.stride, strict=True)), slice(None))
            yield padded[taken]

    def _are_apart(self) -> bool:
        """Whether no two windows read the same place."""
        return all(step >= reach for step, reach in zip(self.stride, self._reach(), strict=True))

    def _cover(self, padded: Sequence[int]) -> bool:
        """Whether windows that are apart read every place of a padded input."""
        axes = zip(padded, self.size, self.stride, self.dilation, strict=True)
        return all(step == size and 1 in (dilation, size) and not full % step for full, size, step, dilation in axes)

    def _rows(self, kind: Array) -> Rows:
        size, shape = math.prod(self.in_shape), (1, *self.in_shape)
        index = self.jvp(np.arange(1, size + 1, like=kind).reshape(shape)).reshape(1, math.prod(self.out_shape), 1)
        return index > 0, np.maximum(index - 1, 0)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if out_shape is None and in_shape is not None and len(in_shape) == len(self.size) + 1:
            axes = zip(in_shape[:-1], self.padding, self._reach(), self.stride, strict=True)
            places = tuple((full + sum(sides) - reach) // step + 1 for full, sides, reach, step in axes)
            out_shape = (*places, math.prod(self.size) * in_shape[-1])
        return in_shape, out_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if len(in_shape) != len(self.size) + 1:
            self._refuse(
                "needs an axis of places for each number in size, and channels last",
                f"inputs of shape ({'places, ' * len(self.size)}channels) for size {self.size}",
                f"inputs of shape {in_shape}",
            )
        for full, sides, reach in zip(in_shape[:-1], self.padding, self._reach(), strict=True):
            if full + sum(sides) < reach:
                self._refuse(
                    "is larger than its input",
                    f"at least {reach} places, padding included, for size {self.size} and dilation {self.dilation}",
                    f"{full + sum(sides)} places in inputs of shape {in_shape} with padding {self.padding}",
                )
        fitting = self._infer(in_shape, None)[1]
        if out_shape != fitting:
            self._refuse("does not fit its shapes", f"outputs of shape {fitting}", f"outputs of shape {out_shape}")


def _each_axis(name: str, given: int | Sequence[int], axes: int, least: int) -> tuple[int, ...]:
    """Return one number for each axis of places."""
    numbers = tuple(given) if isinstance(given, Sequence) else (given,) * axes
    if not numbers or len(numbers) != axes or not all(_is_whole(each, least) for each in numbers):
        _refuse(name, f"a whole number from {least} on, or one for each axis of places", given)
    return numbers


def _sides(padding: int | Sequence[int] | Sequence[tuple[int, int]], axes: int) -> tuple[tuple[int, int], ...]:
    """Return how many zeros there are before and after, along each axis of places."""
    each_axis = tuple(padding) if isinstance(padding, Sequence) else (padding,) * axes
    pairs = tuple(tuple(each) if isinstance(each, Sequence) else (each, each) for each in each_axis)
    if len(pairs) != axes or not all(len(pair) == 2 and all(_is_whole(each, 0) for each in pair) for pair in pairs):
        _refuse("padding", "a whole number from 0 on, or for each axis one or a pair (before, after)", padding)
    return tuple((before, after) for before, after in pairs)


def _is_whole(number: object, least: int) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and bool(number >= least)


def _refuse(name: str, expected: str, given: object) -> NoReturn:
    raise OperatorError(
        f"operator 'windows' has a {name} that is no geometry", expected=expected, received=f"{name}={given!r}"
    )
