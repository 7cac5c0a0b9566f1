"""One component on given arrays: its output and, where it has any, its new state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.component import Component
from bpframe.testing.point import Point
from bpframe.testing.probing import probe_of

__all__ = ["channels_first", "channels_last", "cost_of", "output_of"]

Array = np.ndarray


def output_of(
    component: Component,
    inputs: Sequence[Array],
    parameters: Mapping[str, Array] | None = None,
    state: Mapping[str, Array] | None = None,
    training: bool = False,
) -> Array:
    """Return a layer's output for inputs (N, *features), with these parameters and this state."""
    probe: Any = probe_of(component, [each.shape[1:] for each in inputs])
    point = probe.sample(np.random.default_rng(0), len(inputs[0]))
    integers = list(probe.integer_keys)
    real = [key for key in probe.node.input_keys if key not in integers]
    given = dict(zip(probe.node.input_keys, inputs, strict=True))
    dtype = next((each.dtype for each in inputs if each.dtype.kind == "f"), np.dtype(np.float32))
    arrays = {key: given[key] for key in real}
    for key in probe.parameters:
        arrays[key] = np.asarray((parameters or {})[key], dtype).reshape(probe.shapes[key])
    arrays = {key: arrays[key] for key in probe.shapes}
    moved = {key: np.asarray(each, dtype) for key, each in (state or point.state).items()}
    return probe.value(Point(arrays, {key: given[key] for key in integers}, moved, training, len(inputs[0])))


def cost_of(cost: Component, a: Array, y: Array) -> Array:
    """Return a cost per example, (N,)."""
    probe: Any = probe_of(cost, [a.shape[1:]])
    point = probe.sample(np.random.default_rng(0), len(a))
    return probe.value(Point({"a": a}, {**point.constants, "y": y}, {}, False, len(a)))


def channels_last(x: Array) -> Array:
    """Move axis 1 to the end."""
    return np.moveaxis(x, 1, -1)


def channels_first(x: Array) -> Array:
    """Move the last axis to place 1."""
    return np.moveaxis(x, -1, 1)
