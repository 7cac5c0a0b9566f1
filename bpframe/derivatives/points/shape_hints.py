"""What to try where an array that was handed in has another shape than it should."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.validation.one_hot import is_one_hot
from bpframe.validation.open_shapes import fits
from bpframe.validation.plain_arrays import PADDED, Array

__all__ = ["shape_hint"]


def shape_hint(array: Array, shape: tuple[int | None, ...], what: str, dtype: Any) -> str | None:
    """Return what brings an array to (N, *shape), where that is plain; `what` it is begins with its role."""
    is_target = what.startswith(("target", "data y"))
    integers = np.issubdtype(dtype, np.integer)
    name = "y" if is_target else "x"
    if array.ndim == 0:
        return None
    if fits(array.shape, shape):
        lengths = (
            f"; or of lengths a mask: numpy.arange(T) < {name}[:, None], as integers" if _steps(array, shape) else ""
        )
        return f"add an axis for the examples: {name}[None]{lengths if integers and not is_target else ''}"
    if len(shape) > 1 and fits(array.shape[2:] + array.shape[1:2], shape):
        return f"channels, or features, are the last axis: np.moveaxis({name}, 1, -1)"
    if integers and array.ndim == len(shape) + 2 and fits(array.shape[1:-1], shape):
        return _of_one_axis_more(array, name, is_target)
    if integers and not is_target and _steps(array, shape):
        return f"a mask in place of lengths: numpy.arange({shape[0] or 'T'}) < {name}[:, None], as integers"
    sizes = [size for size in shape if size is not None]
    if array.ndim != len(shape) + 1 and None not in shape and math.prod(array.shape[1:]) == math.prod(sizes):
        return f"{name}.reshape({', '.join(map(str, (len(array), *shape)))})"
    if array.dtype == object:
        return PADDED
    if is_target and array.ndim < len(shape) + 1:
        return (
            "the network has an output at every position, the target one number for each example: flatten, or a layer "
            "that gives one state for all positions, before the last layers"
        )
    return None


def _steps(array: Array, shape: tuple[int | None, ...]) -> bool:
    """Whether there is one number for each example, such as a length, where there should be one for each step."""
    return array.ndim == 1 and len(shape) == 1


def _of_one_axis_more(array: Array, name: str, is_target: bool) -> str | None:
    if array.shape[-1] == 1:
        hint = f"{name}[..., 0]"
    elif array.dtype.kind in "biuf" and is_one_hot(array.reshape(-1, array.shape[-1])):
        hint = f"numbers in place of one-hot rows: {name}.argmax(axis=-1)"
    elif is_target:
        return (
            "the network has one output for each example, the target one for each position: layers that keep positions "
            "(return_sequences of recurrent ones), or one number for each example"
        )
    else:
        return f"lengths in place of a mask, where the padding is at the end: ({name} != 0).sum(axis=-1)"
    return f"{hint}; a data section's load(class_numbers=True) gives them so" if is_target else hint
