"""Convolution of images, every channel for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bpframe.extend import Array, Field, Initializer, Layer, Operator, Parameter, PositiveInt, ScaledNormal, Windows
from bpframe_convolution.geometry import Pair, Shape, Sides, each_axis, new_places, places_of, windows
from bpframe_convolution.kernels import convolved, cross_terms, kernel_parameters, local_jacobians

__all__ = ["DepthwiseConv2d"]


class DepthwiseConv2d(Layer):
    """Slide filters over an image, each over one channel alone: a `conv2d` with a group for every channel.

        y_{i,j,f} = Σ_{s,t} w_{f,s,t} x_{stride·i + dilation·s − top, stride·j + dilation·t − left, c} + b_f

    with m = `multiplier` filters f = m·c, ..., m·c + m − 1 for each channel c. With a `conv2d` of
    kernel_size 1 after it, it is a separable convolution.

    Shapes: x (N, H, W, channels) -> y (N, new H, new W, channels·m), H and W as in `conv2d`; w (channels·m,
    *kernel_size, 1), b (channels·m,). Channels last. Weights start as normal numbers of variance 1 / (places of a
    filter), biases at 0.

    Jacobian: windows, then a matrix for each channel; in w, a product with the windows for each channel. Errors:
    ShapeMismatch where the window is larger than the image.

    Source: Sifre, *Rigid-Motion Scattering for Image Classification* (2014), section 6.2; Chollet, *Xception: Deep
    Learning with Depthwise Separable Convolutions* (2017).
    """

    kernel_size: Pair = Field(description="How many places a filter covers: one number, or (height, width).")
    multiplier: PositiveInt = Field(1, description="How many filters each channel has.")
    stride: Pair = Field(1, description="How far apart the places are at which it is applied, on each axis.")
    padding: Literal["valid", "same"] | Sides = Field(
        "valid",
        description='Zeros around the image: "valid", none; "same", for ceil(H / stride) by ceil(W / stride) outputs, '
        "an odd one at the end; a number for all sides; or for each axis a number or a pair (before, after).",
    )
    dilation: Pair = Field(1, description="How far apart the places are that a filter reads, on each axis.")
    bias: bool = Field(True, description="Whether the bias b is added.")
    weights: Initializer = Field(ScaledNormal(), description="Where the weights start.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (new H, new W, channels · multiplier)."""
        places_of(shape, 2)
        return (*new_places(shape, self._windows(shape)), shape[-1] * self.multiplier)

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return w (channels · multiplier, *kernel_size, 1) and, with a bias, b (channels · multiplier,)."""
        size, filters = each_axis(self.kernel_size, 2), features * self.multiplier
        return kernel_parameters(filters, size, features, features, self.bias, self.weights)

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array], out: Array) -> Array:
        """Return w times the windows of x, plus b."""
        return convolved(x, p, self._windows(x.shape[1:]), x.shape[-1], saved, out)

    def jacobian(self, x: Array, p: Mapping[str, Array], saved: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the matrices after the windows, the products with them, and 1 for the bias."""
        return local_jacobians(x, p, self._windows(x.shape[1:]), x.shape[-1], saved)

    def second_order(
        self, x: Array, p: Mapping[str, Array], u: Array, saved: Mapping[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        """Return how a change of w changes the error of x."""
        return cross_terms(x, p["w"], u, self._windows(x.shape[1:]), x.shape[-1], saved)

    def _windows(self, shape: Shape) -> Windows:
        return windows(shape, self.kernel_size, self.stride, self.padding, self.dilation)
