"""Convolution of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from bpframe.extend import (
    Array,
    Field,
    Initializer,
    Layer,
    Operator,
    Parameter,
    PositiveInt,
    ScaledNormal,
    Windows,
)
from bpframe_convolution.geometry import Pair, Shape, Sides, each_axis, new_places, places_of, windows
from bpframe_convolution.kernels import convolved, cross_terms, kernel_parameters, local_jacobians

__all__ = ["Conv2d"]


class Conv2d(Layer):
    """Slide filters over an image of several channels.

        y_{i,j,f} = Σ_{s,t,c} w_{f,s,t,c} x_{stride·i + dilation·s − top, stride·j + dilation·t − left, c} + b_f
        ∂y/∂x = w after the windows,    ∂y/∂w: v ↦ v times the windows,    ∂y/∂b = 1

    As in every framework, the sum is a correlation: the filter is not turned round. Zeros stand outside of the image.
    With groups, filter f reads the channels of its own group: the first filters those of the first, and so on.

    Shapes: x (N, H, W, channels) -> y (N, new H, new W, filters), where new H = (H + zeros − dilation·(size − 1) − 1)
    // stride + 1, and W the same; w (filters, *kernel_size, channels / groups), b (filters,). Channels last. Weights
    start as normal numbers of variance 1 / (entries of a filter), biases at 0.

    Jacobian: windows, then a matrix; in w, one product with the windows. Errors: ShapeMismatch where the window is
    larger than the image, or groups do not part channels and filters.

    Source: LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998), section
    II; Chellapilla, Puri and Simard, *High Performance Convolutional Neural Networks* (2006), for the products;
    Dumoulin and Visin, *A guide to convolution arithmetic* (2016), relationship 15, for the shapes.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("conv", "convolution")

    filters: PositiveInt = Field(description="How many filters, and so output channels, there are.")
    kernel_size: Pair = Field(description="How many places a filter covers: one number, or (height, width).")
    stride: Pair = Field(1, description="How far apart the places are at which it is applied, on each axis.")
    padding: Literal["valid", "same"] | Sides = Field(
        "valid",
        description='Zeros around the image: "valid", none; "same", for ceil(H / stride) by ceil(W / stride) outputs, '
        "an odd one at the end; a number for all sides; or for each axis a number or a pair (before, after).",
    )
    dilation: Pair = Field(1, description="How far apart the places are that a filter reads, on each axis.")
    groups: PositiveInt = Field(1, description="In how many groups channels and filters are parted.")
    bias: bool = Field(True, description="Whether the bias b is added.")
    weights: Initializer = Field(ScaledNormal(), description="Where the weights start.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new H, new W, filters)."""
        places_of(shape, 2)
        return (*new_places(shape, self._windows(shape)), self.filters)

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return w (filters, *kernel_size, channels / groups) and, with a bias, b (filters,)."""
        size = each_axis(self.kernel_size, 2)
        return kernel_parameters(self.filters, size, features, self.groups, self.bias, self.weights)

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array], out: Array) -> Array:
        """Return w times the windows of x, plus b."""
        return convolved(x, p, self._windows(x.shape[1:]), self.groups, saved, out)

    def jacobian(self, x: Array, p: Mapping[str, Array], saved: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the matrix after the windows, the product with them, and 1 for the bias."""
        return local_jacobians(x, p, self._windows(x.shape[1:]), self.groups, saved)

    def second_order(
        self, x: Array, p: Mapping[str, Array], u: Array, saved: Mapping[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        """Return how a change of w changes the error of x."""
        return cross_terms(x, p["w"], u, self._windows(x.shape[1:]), self.groups, saved)

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride, self.padding, self.dilation)
