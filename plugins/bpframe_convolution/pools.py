"""Pooling: the largest entry, or the mean, of every window, channel by channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import (
    Array,
    Diagonal,
    Field,
    Layer,
    Operator,
    Pool,
    PositiveInt,
    ShapeMismatch,
    Windows,
    compose,
    largest,
)
from bpframe_convolution.geometry import (
    Ends,
    Pair,
    Shape,
    Sides,
    new_places,
    places_of,
    windows,
)

__all__ = ["AveragePool1d", "AveragePool2d", "MaxPool1d", "MaxPool2d"]

_PADDING = (
    'Places around the input, which {}: "valid", none; "same", for ceil(places / stride) outputs, an odd one at the '
    "end; a number for all sides; or {}."
)
_ONE_AXIS, _TWO_AXES = "a pair (before, after)", "for each axis a number or a pair (before, after)"
_STRIDE = "How far apart the windows begin; None, the default, sets them side by side."
_COUNT = (
    "Whether a mean counts the zeros of the padding, as PyTorch's does; else it is that of the places that are there."
)


class MaxPool1d(Layer):
    """Keep the largest entry of every window of a signal, channel by channel.

        y_{t,c} = max_s x_{stride·t + dilation·s − before, c},    ∂y/∂x: the entry that won, the first of equal ones

    Padding never wins. NaN does, so that it shows. What does not fill a window at the end is left out.

    Shapes: x (N, T, channels) -> y (N, (T + padding − dilation·(kernel_size − 1) − 1) // stride + 1, channels).
    Jacobian: pool, with the places that forward saved. Linear wherever the winner stays. Errors: ShapeMismatch where a
    window is longer than the signal, or lies in the padding alone.

    Source: Scherer, Müller and Behnke, *Evaluation of Pooling Operations in Convolutional Architectures* (2010).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("max_pooling1d",)

    kernel_size: PositiveInt = Field(description="How many places a window covers.")
    stride: PositiveInt | None = Field(None, description=_STRIDE)
    padding: Literal["valid", "same"] | Ends = Field("valid", description=_PADDING.format("never win", _ONE_AXIS))
    dilation: PositiveInt = Field(1, description="How far apart the places are that a window sees.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new T, channels)."""
        places_of(shape, 1)
        return _pooled_shape(shape, self._windows(shape), seeing=True)

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        """Return the largest entries, and save which they are."""
        y, saved["which"] = largest(x, self._windows(x.shape[1:]))
        return y

    def jacobian(self, x: Array, saved: Mapping[str, Array]) -> Operator:
        """Return the pool that picks."""
        return Pool(self._windows(x.shape[1:]), saved["which"])

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear wherever the winner stays."""
        return {}

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride or self.kernel_size, self.padding, self.dilation)


class MaxPool2d(Layer):
    """Keep the largest entry of every window of an image, channel by channel.

        y_{i,j,c} = max_{s,t} x_{stride·i + dilation·s − top, stride·j + dilation·t − left, c}
        ∂y/∂x: the entry that won, the first of equal ones

    Padding never wins. NaN does, so that it shows. What does not fill a window at the end is left out.

    Shapes: x (N, H, W, channels) -> y (N, new H, new W, channels), where new H = (H + padding − dilation·(size − 1) −
    1) // stride + 1, and W the same. Jacobian: pool, with the places that forward saved. Linear wherever the winner
    stays. Errors: ShapeMismatch where a window is larger than the image, or lies in the padding alone.

    Source: Scherer, Müller and Behnke, *Evaluation of Pooling Operations in Convolutional Architectures* (2010).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("max_pool", "max_pooling2d")

    kernel_size: Pair = Field(description="How many places a window covers: one number, or (height, width).")
    stride: Pair | None = Field(None, description=_STRIDE)
    padding: Literal["valid", "same"] | Sides = Field("valid", description=_PADDING.format("never win", _TWO_AXES))
    dilation: Pair = Field(1, description="How far apart the places are that a window sees, on each axis.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new H, new W, channels)."""
        places_of(shape, 2)
        return _pooled_shape(shape, self._windows(shape), seeing=True)

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        """Return the largest entries, and save which they are."""
        y, saved["which"] = largest(x, self._windows(x.shape[1:]))
        return y

    def jacobian(self, x: Array, saved: Mapping[str, Array]) -> Operator:
        """Return the pool that picks."""
        return Pool(self._windows(x.shape[1:]), saved["which"])

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear wherever the winner stays."""
        return {}

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride or self.kernel_size, self.padding, self.dilation)


class AveragePool1d(Layer):
    """Average every window of a signal, channel by channel.

        y_{t,c} = 1/n_t Σ_s x_{stride·t + s − before, c},    ∂y/∂x: 1/n_t for each entry of the window

    n_t is the size of the window; without `count_include_pad`, how many of its places lie in the signal. What does not
    fill a window at the end is left out.

    Shapes: x (N, T, channels) -> y (N, (T + padding − kernel_size) // stride + 1, channels). Jacobian: diagonal after a
    pool, the same everywhere. Errors: ShapeMismatch where a window is longer than the signal or, where padding does not
    count, lies in it alone.

    Source: LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998), section
    II.B.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("avg_pool1d", "average_pooling1d")

    kernel_size: PositiveInt = Field(description="How many places a window covers.")
    stride: PositiveInt | None = Field(None, description=_STRIDE)
    padding: Literal["valid", "same"] | Ends = Field("valid", description=_PADDING.format("hold zero", _ONE_AXIS))
    count_include_pad: bool = Field(True, description=_COUNT)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new T, channels)."""
        places_of(shape, 1)
        return _pooled_shape(shape, self._windows(shape), seeing=not self.count_include_pad)

    def forward(self, x: Array) -> Array:
        """Return the means."""
        return _means(x, self._windows(x.shape[1:]), self.count_include_pad)

    def jacobian(self, x: Array) -> Operator:
        """Return one over the count, after the sum."""
        cut = self._windows(x.shape[1:])
        return compose(Diagonal(_shares(x, cut, self.count_include_pad)), Pool(cut))

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear."""
        return {}

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride or self.kernel_size, self.padding)


class AveragePool2d(Layer):
    """Average every window of an image, channel by channel.

        y_{i,j,c} = 1/n_{i,j} Σ_{s,t} x_{stride·i + s − top, stride·j + t − left, c},    ∂y/∂x: 1/n_{i,j} for each entry

    n_{i,j} is the size of the window; without `count_include_pad`, how many of its places lie in the image. What does
    not fill a window at the end is left out.

    Shapes: x (N, H, W, channels) -> y (N, (H + padding − height) // stride + 1, (W + padding − width) // stride + 1,
    channels). Jacobian: diagonal after a pool, the same everywhere. Errors: ShapeMismatch where a window is larger than
    the image or, where padding does not count, lies in it alone.

    Source: LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998), section
    II.B.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("avg_pool", "avg_pool2d", "average_pooling2d")

    kernel_size: Pair = Field(description="How many places a window covers: one number, or (height, width).")
    stride: Pair | None = Field(None, description=_STRIDE)
    padding: Literal["valid", "same"] | Sides = Field("valid", description=_PADDING.format("hold zero", _TWO_AXES))
    count_include_pad: bool = Field(True, description=_COUNT)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new H, new W, channels)."""
        places_of(shape, 2)
        return _pooled_shape(shape, self._windows(shape), seeing=not self.count_include_pad)

    def forward(self, x: Array) -> Array:
        """Return the means."""
        return _means(x, self._windows(x.shape[1:]), self.count_include_pad)

    def jacobian(self, x: Array) -> Operator:
        """Return one over the count, after the sum."""
        cut = self._windows(x.shape[1:])
        return compose(Diagonal(_shares(x, cut, self.count_include_pad)), Pool(cut))

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear."""
        return {}

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride or self.kernel_size, self.padding)


def _pooled_shape(shape: Shape, cut: Windows, seeing: bool) -> Shape:
    """Return (*new places, channels); every window has to see a place of the input where `seeing`."""
    new = new_places(shape, cut)
    if seeing and any(count == 0 for axis in _seen(shape[:-1], new, cut) for count in axis):
        raise ShapeMismatch(
            "a window lies in the padding alone",
            expected=f"windows of size {cut.size} and dilation {cut.dilation} that each see a place of the input",
            received=f"features of shape {shape} with padding {cut.padding}",
        )
    return (*new, shape[-1])


def _seen(places: Shape, new: Shape, cut: Windows) -> list[list[int]]:
    """Return, along each axis, how many places of the input every window sees."""
    found = []
    for full, count, size, stride, (before, _), dilation in zip(
        places, new, cut.size, cut.stride, cut.padding, cut.dilation, strict=True
    ):
        starts = [stride * place - before for place in range(count)]
        found.append([sum(0 <= start + dilation * each < full for each in range(size)) for start in starts])
    return found


def _means(x: Array, cut: Windows, padding_counts: bool) -> Array:
    """The mean of every window."""
    return np.multiply(Pool(cut).jvp(x), _shares(x, cut, padding_counts))


def _shares(x: Array, cut: Windows, padding_counts: bool) -> Array:
    """One over the number of places that count, (1, *new places, 1), with 1 in place of places where all are alike."""
    axes = len(cut.size)
    if padding_counts:
        return np.full_like(x, 1 / math.prod(cut.size), shape=(1,) * (axes + 2))
    new = new_places(x.shape[1:], cut)
    counts = [math.prod(each) for each in product(*_seen(x.shape[1:-1], new, cut))]
    return np.asarray(1 / np.array(counts), dtype=x.dtype).reshape(1, *new, 1)
