"""What to try where an array that was handed in has another shape than it should."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.validation.open_shapes import fits
from bpframe.validation.plain_arrays import PADDED, Array

__all__ = ["shape_hint"]


def shape_hint(array: Array, shape: tuple[int | None, ...], what: str, dtype: Any) -> str | None:
    """Return what brings an array to (N, *shape), where that is plain; `what` it is begins with its role."""
    is_target = what.startswith("target")
    name = "y" if is_target else "x"
    if array.ndim == 0:
        return None
    if fits(array.shape, shape):
        return f"add an axis for the examples: {name}[None]"
    if len(shape) > 1 and fits(array.shape[2:] + array.shape[1:2], shape):
        return f"channels, or features, are the last axis: np.moveaxis({name}, 1, -1)"
    if np.issubdtype(dtype, np.integer) and array.ndim == len(shape) + 2 and fits(array.shape[1:-1], shape):
        one = array.shape[-1] == 1
        hint = f"{name}[..., 0]" if one else f"numbers in place of one-hot rows: {name}.argmax(axis=-1)"
        return f"{hint}; a data section's load(class_numbers=True) gives them so" if is_target else hint
    sizes = [size for size in shape if size is not None]
    if array.ndim != len(shape) + 1 and None not in shape and math.prod(array.shape[1:]) == math.prod(sizes):
        return f"{name}.reshape({', '.join(map(str, (len(array), *shape)))})"
    return PADDED if array.dtype == object else None
