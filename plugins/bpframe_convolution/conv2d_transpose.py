"""The way back through a convolution of images, as a layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import (
    Array,
    BatchMatMul,
    Broadcast,
    Field,
    Initializer,
    Layer,
    Matrix,
    NonNegativeInt,
    Operator,
    Parameter,
    PositiveInt,
    Reshape,
    ScaledNormal,
    ShapeMismatch,
    WeightTimes,
    Windows,
    compose,
    transposed,
)
from bpframe_convolution.geometry import Pair, Shape, Sides, each_axis, places_of, windows

__all__ = ["Conv2dTranspose"]


class Conv2dTranspose(Layer):
    """Put a filter down at every place of an image, as strong as the image is there, and add up: images grow.

        y_{stride·i + dilation·s − top, stride·j + dilation·t − left, f} += Σ_c w_{s,t,f,c} x_{i,j,c},    then + b_f
        ∂y/∂x = windowsᵀ after w,    ∂y/∂w: v ↦ windowsᵀ of v x,    ∂y/∂b = 1

    It is the transposed Jacobian of a `conv2d` with the same numbers, from `filters` to the channels of x, not an
    inverse. What falls on the padding of that convolution is dropped.

    Shapes: x (N, H, W, channels) -> y (N, new H, new W, filters), where new H = (H − 1)·stride + dilation·(size − 1) +
    1 − padding of both sides + output_padding, or, with "same", H·stride, and W the same; w (*kernel_size, filters,
    channels), b (filters,). Channels last. Weights start as normal numbers of variance 1 / (entries that an output adds
    up: channels · size / stride, along both axes), biases at 0.

    Jacobian: a matrix, then transposed windows. Errors: ShapeMismatch where nothing is left, or an output_padding as
    large as both stride and dilation.

    Source: Zeiler, Krishnan, Taylor and Fergus, *Deconvolutional Networks* (2010); Dumoulin and Visin, *A guide to
    convolution arithmetic* (2016), relationship 14.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("conv_transpose2d", "deconv", "deconv2d")

    filters: PositiveInt = Field(description="How many filters, and so output channels, there are.")
    kernel_size: Pair = Field(description="How many places a filter covers: one number, or (height, width).")
    stride: Pair = Field(1, description="How far apart filters are put down, on each axis.")
    padding: Literal["valid", "same"] | Sides = Field(
        "valid",
        description='What is cut off the result: "valid", nothing; "same", as much as leaves H·stride by W·stride; a '
        "number on all sides; or for each axis a number or a pair (before, after).",
    )
    output_padding: NonNegativeInt | tuple[NonNegativeInt, NonNegativeInt] = Field(
        0, description='How many places are added at the end of each axis, which a stride leaves open; 0 with "same".'
    )
    dilation: Pair = Field(1, description="How far apart the places are that a filter covers, on each axis.")
    bias: bool = Field(True, description="Whether the bias b is added.")
    weights: Initializer = Field(ScaledNormal(), description="Where the weights start.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new H, new W, filters)."""
        places = places_of(shape, 2)
        more, strides, dilations = (each_axis(each, 2) for each in (self.output_padding, self.stride, self.dilation))
        if any(
            each and (each >= max(s, d) or self.padding == "same")
            for each, s, d in zip(more, strides, dilations, strict=True)
        ):
            raise ShapeMismatch(
                "its output_padding is no remainder",
                expected=f'less than stride {self.stride} or dilation {self.dilation}, and 0 with padding="same"',
                received=f"output_padding={self.output_padding}",
            )
        new = self._places(shape)
        cut = windows((*new, self.filters), self.kernel_size, self.stride, self.padding, self.dilation)
        reaches = [step * (size - 1) + 1 for size, step in zip(cut.size, cut.dilation, strict=True)]
        axes = zip(places, new, reaches, strides, cut.padding, strict=True)
        for full, each, reach, stride, sides in axes:
            if full < 1 or each < 1 or (each + sum(sides) - reach) // stride + 1 != full:
                raise ShapeMismatch(
                    "its padding leaves nothing of the result",
                    expected="places in the input, and in the output, with what is cut off taken away",
                    received=f"{(*new, self.filters)} from features of shape {shape}",
                )
        return (*new, self.filters)

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return w (*kernel_size, filters, channels) and, with a bias, b (filters,)."""
        size, strides = each_axis(self.kernel_size, 2), each_axis(self.stride, 2)
        added = features * max(math.prod(size) // math.prod(strides), 1)
        found = {"w": Parameter((*size, self.filters, features), init=self.weights, fan_in=added)}
        if self.bias:
            found["b"] = Parameter((self.filters,))
        return found

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        """Return the windows' transpose of w x, plus b."""
        rows = Matrix(_matrix(p["w"])).jvp(x)
        y = self._windows(x).vjp(rows)
        return np.add(y, p["b"]) if self.bias else y

    def jacobian(self, x: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the windows' transpose after w, after the product with x, and 1 for the bias."""
        back = transposed(self._windows(x))
        found = {
            "x": compose(back, Matrix(_matrix(p["w"]))),
            "w": compose(back, WeightTimes(x), Reshape()),
        }
        return {**found, "b": Broadcast()} if self.bias else found

    def second_order(self, x: Array, p: Mapping[str, Array], u: Array) -> dict[tuple[str, str], Operator]:
        """Return how a change of w changes the error of x: by the windows of u."""
        w = p["w"]
        rows = self._windows(x).jvp(u)
        places, entries = math.prod(rows.shape[1:-1]), rows.shape[-1]
        errors = BatchMatMul(rows.reshape(len(u), places, entries), "left")
        apart = Reshape().bind(w.shape, (entries, w.shape[-1]))
        return {("x", "w"): compose(Reshape().bind((places, w.shape[-1]), x.shape[1:]), errors, apart)}

    def _places(self, shape: Shape) -> Shape:
        """The places of the output."""
        size, strides, dilations = (each_axis(each, 2) for each in (self.kernel_size, self.stride, self.dilation))
        if self.padding == "same":
            return tuple(full * stride for full, stride in zip(shape, strides, strict=False))
        sides = windows((0, 0, 0), self.kernel_size, self.stride, self.padding).padding
        more = each_axis(self.output_padding, 2)
        axes = zip(shape, size, strides, dilations, sides, more, strict=False)
        return tuple((n - 1) * stride + d * (k - 1) + 1 - sum(cut) + rest for n, k, stride, d, cut, rest in axes)

    def _windows(self, x: Array) -> Windows:
        """The windows of the convolution whose transpose this is."""
        new = (*self._places(x.shape[1:]), self.filters)
        cut = windows(new, self.kernel_size, self.stride, self.padding, self.dilation)
        return cut.bind(new, (*x.shape[1:-1], math.prod(cut.size) * self.filters))


def _matrix(w: Array) -> Array:
    """(*kernel_size, filters, channels) -> (entries of a window, channels)."""
    return w.reshape(math.prod(w.shape[:-1]), w.shape[-1])
