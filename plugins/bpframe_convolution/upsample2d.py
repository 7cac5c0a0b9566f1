"""Larger images: places repeated, or what lies between them."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import (
    Array,
    BatchMatMul,
    Field,
    Layer,
    Operator,
    Pool,
    Reshape,
    Windows,
    compose,
    transposed,
)
from bpframe_convolution.geometry import Pair, Shape, each_axis, places_of

__all__ = ["Upsample2d"]


class Upsample2d(Layer):
    """Enlarge an image by whole factors.

        nearest:     y_{i,j,c} = x_{⌊i/h⌋, ⌊j/w⌋, c}
        bilinear:    y_{·,·,c} = A_h x_{·,·,c} A_wᵀ,    row i of A_h reads the two places around (i + ½)/h − ½
        ∂y/∂x: the same map

    Bilinear takes pixels for squares whose centres lie half a pixel inside, as PyTorch's default (align_corners=False)
    and Keras do; beyond the first and last centre it keeps their values.

    Shapes: x (N, H, W, channels) -> y (N, H·h, W·w, channels), for size (h, w). Jacobian: a transposed pool, or a
    matrix for each axis.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("up_sampling2d",)

    size: Pair = Field(2, description="The factors of height and width, or one number for both.")
    interpolation: Literal["nearest", "bilinear"] = Field("nearest", description="What stands between the places.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (H·h, W·w, channels)."""
        places = places_of(shape, 2)
        factors = each_axis(self.size, 2)
        return (*(full * factor for full, factor in zip(places, factors, strict=True)), shape[-1])

    def forward(self, x: Array) -> Array:
        """Return the larger image."""
        return _enlarging(x, each_axis(self.size, 2), self.interpolation).jvp(x)

    def jacobian(self, x: Array) -> Operator:
        """Return the map, which is linear."""
        return _enlarging(x, each_axis(self.size, 2), self.interpolation)

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear."""
        return {}


def _enlarging(x: Array, factors: Shape, interpolation: str) -> Operator:
    """The map from x's features to the larger image."""
    height, width, channels = x.shape[1:]
    h, w = factors
    if interpolation == "nearest":
        tiles = Pool(Windows((h, w), stride=(h, w)))
        return transposed(tiles.bind((height * h, width * w, channels), (height, width, channels)))
    rows = BatchMatMul(_between(x, height, h)[None], "left")
    columns = BatchMatMul(_between(x, width, w)[None, None], "left")
    return compose(
        columns,
        Reshape().bind((height * h, width * channels), (height * h, width, channels)),
        rows,
        Reshape().bind((height, width, channels), (height, width * channels)),
    )


def _between(x: Array, places: int, factor: int) -> Array:
    """The matrix (places·factor, places) that interpolates between the centres of pixels."""
    at = np.clip((np.arange(places * factor) + 0.5) / factor - 0.5, 0, places - 1)[:, None]
    return np.asarray(np.maximum(1 - np.abs(at - np.arange(places)), 0), dtype=x.dtype)
