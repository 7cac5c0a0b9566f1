"""One example, as users hand it in: with an axis for the examples, or without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.graph.graph import Shape
from bpframe.validation.open_shapes import fits

__all__ = ["with_examples_axis"]


def with_examples_axis(given: Any, shapes: Mapping[str, Shape]) -> Any:
    """Return one example's arrays with an axis of examples; what has one, or is no plain number, stays as it is.

    A single number will do where one is wanted.
    """
    if isinstance(given, Mapping):
        return {name: _as_row(value, shapes[name]) if name in shapes else value for name, value in given.items()}
    return _as_row(given, next(iter(shapes.values()))) if len(shapes) == 1 else given


def _as_row(value: Any, shape: Shape) -> Any:
    if not isinstance(value, np.ndarray | list | tuple | int | float | str | np.generic):
        return value
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return value
    if array.ndim == 0:
        plain = array.dtype.kind in "fiub" and len(shape) and all(length in (1, None) for length in shape)
        return array.reshape((1,) * (len(shape) + 1)) if plain else array[None]
    numeric = array.dtype.kind in "fiub"
    return array[None] if numeric and array.ndim == len(shape) and fits(array.shape, shape) else value
