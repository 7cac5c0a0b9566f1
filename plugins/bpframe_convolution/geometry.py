"""Where windows lie on a signal or an image: what `kernel_size`, `stride`, `padding` and `dilation` mean."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from bpframe.extend import NonNegativeInt, PositiveInt, ShapeMismatch, Windows

__all__ = ["Ends", "Numbers", "Paddings", "Pair", "Shape", "Sides", "each_axis", "new_places", "places_of", "windows"]

Shape: TypeAlias = tuple[int, ...]

#: One number for both axes of an image, or one for each.
Pair: TypeAlias = PositiveInt | tuple[PositiveInt, PositiveInt]

#: Numbers of zeros: the same before and after, or a pair.
Ends: TypeAlias = NonNegativeInt | tuple[NonNegativeInt, NonNegativeInt]

#: The same for an image: of all sides, or of each axis.
Sides: TypeAlias = NonNegativeInt | tuple[Ends, Ends]

#: What the functions below take for either.
Numbers: TypeAlias = int | tuple[int, ...]
Paddings: TypeAlias = Literal["valid", "same"] | int | tuple[int | tuple[int, int], ...]


def each_axis(numbers: Numbers, axes: int) -> Shape:
    """Return a number for each axis of places."""
    return (numbers,) * axes if np.ndim(numbers) == 0 else numbers  # type: ignore[return-value]  # which are two cases


def windows(shape: Shape, size: Numbers, stride: Numbers, padding: Paddings, dilation: Numbers = 1) -> Windows:
    """Return the windows on an input of feature shape (*places, channels).

    `padding` is "valid", which is none; "same", zeros for ceil(places / stride) outputs, as many before as after, and
    an odd one after; a number of zeros on all sides; or, for each axis, a number or a pair (before, after), which with
    one axis is its own.
    """
    axes = len(shape) - 1
    sizes, strides, dilations = each_axis(size, axes), each_axis(stride, axes), each_axis(dilation, axes)
    if padding == "valid":
        return Windows(sizes, strides, 0, dilations)
    if padding == "same":
        each = zip(shape, sizes, strides, dilations, strict=False)
        missing = [max((math.ceil(full / s) - 1) * s + d * (k - 1) + 1 - full, 0) for full, k, s, d in each]
        return Windows(sizes, strides, tuple((zeros // 2, zeros - zeros // 2) for zeros in missing), dilations)
    return Windows(sizes, strides, (padding,) if axes == 1 else padding, dilations)  # type: ignore[arg-type]


def places_of(shape: Shape, axes: int) -> Shape:
    """Return the places of a feature shape (*places, channels).

    Errors: ShapeMismatch for another number of axes.
    """
    if len(shape) != axes + 1:
        names = "length" if axes == 1 else "height, width"
        raise ShapeMismatch(
            f"it works on {'signals' if axes == 1 else 'images'}, channels last",
            expected=f"features of shape ({names}, channels)",
            received=f"features of shape {shape}",
            hint="add an axis for the channels: x[..., None]" if len(shape) == axes else None,
        )
    return shape[:-1]


def new_places(shape: Shape, cut: Windows) -> Shape:
    """Return how many windows there are along each axis of an input of feature shape (*places, channels).

    Errors: ShapeMismatch where a window reaches over more places than there are.
    """
    found = []
    for full, size, stride, sides, dilation in zip(
        shape, cut.size, cut.stride, cut.padding, cut.dilation, strict=False
    ):
        reach = dilation * (size - 1) + 1
        if full + sum(sides) < reach:
            raise ShapeMismatch(
                "its windows are larger than what it reads",
                expected=f"at least {reach} places along each axis, padding included, for size {size} and dilation "
                f"{dilation}",
                received=f"features of shape {shape} with padding {cut.padding}",
            )
        found.append((full + sum(sides) - reach) // stride + 1)
    return tuple(found)
