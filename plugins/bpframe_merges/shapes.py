"""Shapes of several inputs, and axes of one."""

from __future__ import annotations

from collections.abc import Sequence

from bpframe.extend import ShapeMismatch, batched

__all__ = ["Shape", "checked_axis", "common"]

Shape = tuple[int, ...]


def common(kind: str, shapes: Sequence[Shape]) -> Shape:
    """Return the shape that all inputs have. Errors: ShapeMismatch."""
    if len(set(shapes)) != 1:
        raise ShapeMismatch(
            f"the inputs of {kind} differ in shape",
            expected="inputs of one shape",
            received=", ".join(map(batched, shapes)),
        )
    return shapes[0]


def checked_axis(kind: str, axis: int, shape: Shape) -> int:
    """Return a feature axis, counted from 0. Errors: ShapeMismatch where there is none of this number."""
    if not -len(shape) <= axis < len(shape):
        raise ShapeMismatch(
            f"{kind} has no feature axis {axis}",
            expected=f"an axis from {-len(shape)} to {len(shape) - 1}" if shape else "an input with feature axes",
            received=f"axis {axis} of {batched(shape)}",
            hint="feature axes are counted without that of the examples",
        )
    return axis % len(shape)
