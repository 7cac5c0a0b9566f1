"""Zeros around a signal or an image."""

from __future__ import annotations

from typing import ClassVar

from bpframe.extend import Array, Field, Layer, NonNegativeInt, Operator, ShapeMismatch, Windows
from bpframe_convolution.geometry import Ends, Shape

__all__ = ["ZeroPad"]


class ZeroPad(Layer):
    """Put zeros around the places.

        y = x with zeros before and after, along every axis of places,    ∂y/∂x = 1 inside, 0 in the zeros

    Shapes: x (N, *places, channels) -> y (N, *(before + places + after), channels). Channels last. Jacobian: windows of
    size 1. Errors: ShapeMismatch for a padding that has another number of axes.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("zero_pad2d", "zero_padding2d")

    padding: NonNegativeInt | tuple[Ends, ...] = Field(
        description="How many zeros: one number for all sides, or for each axis a number or a pair (before, after)."
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return (*new places, channels)."""
        axes = len(shape) - 1
        if axes < 1 or (not isinstance(self.padding, int) and len(self.padding) != axes):
            raise ShapeMismatch(
                "its padding is for other axes",
                expected="features of shape (*places, channels), and padding for each axis of places",
                received=f"padding={self.padding} for features of shape {shape}",
            )
        sides = _windows(axes, self.padding).padding
        return (*(full + sum(each) for full, each in zip(shape, sides, strict=False)), shape[-1])

    def forward(self, x: Array) -> Array:
        """Return x with the zeros."""
        return _windows(x.ndim - 2, self.padding).jvp(x)

    def jacobian(self, x: Array) -> Operator:
        """Return the windows of size 1."""
        return _windows(x.ndim - 2, self.padding)

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear."""
        return {}


def _windows(axes: int, padding: int | tuple[int | tuple[int, int], ...]) -> Windows:
    return Windows((1,) * axes, 1, padding)  # type: ignore[arg-type]  # numbers and pairs may stand side by side
