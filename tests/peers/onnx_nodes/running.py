"""One component on given arrays: its output and, where it has any, its new state."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.component import Component, Cost
from bpframe.extend import Optimizer
from bpframe.testing.point import Point
from bpframe.testing.probing import probe_of
from onnx_nodes.case import NotExpressed

__all__ = [
    "USED",
    "channels_first",
    "channels_last",
    "cost_of",
    "output_of",
    "step_of",
]

Array = np.ndarray

#: The kinds of the components that ran.
USED: list[str] = []


def output_of(
    component: Component,
    inputs: Sequence[Array],
    parameters: Mapping[str, Array] | None = None,
    state: Mapping[str, Array] | None = None,
    training: bool = False,
) -> Array:
    """Return a layer's output for inputs (N, *features), with these parameters and this state."""
    if any(0 in each.shape[1:] for each in inputs):
        raise NotExpressed("with an axis of length 0: a network's features have none")
    USED.append(component.kind)
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


def cost_of(cost: Cost, a: Array, y: Array, weight: Array) -> Array:
    """Return a cost per example, (N,), given how much each target counts."""
    USED.append(cost.kind)
    probe: Any = probe_of(cost, [a.shape[1:]])
    return probe.value(Point({"a": a}, {"y": y, "weight": weight}, {}, False, len(a)))


def step_of(
    optimizer: Optimizer, parameters: Array, gradient: Array, state: Mapping[str, Array], step: int, rate: float
) -> list[Array]:
    """Return the parameters after a step, and the new state."""
    USED.append(optimizer.kind)
    start = dict(optimizer.initial_state(parameters))
    words = {
        "gradient": gradient,
        "parameters": parameters,
        "state": {key: state[key].copy() for key in start},
        "new_state": {key: np.empty_like(each) for key, each in start.items()},
        "step": step,
        "learning_rate": rate,
        "out": np.empty_like(parameters),
    }
    change, new = optimizer.update(**{word: words[word] for word in inspect.signature(optimizer.update).parameters})
    return [parameters + change, *(new[key] for key in start)]


def channels_last(x: Array) -> Array:
    """Move axis 1 to the end."""
    return np.moveaxis(x, 1, -1)


def channels_first(x: Array) -> Array:
    """Move the last axis to place 1."""
    return np.moveaxis(x, -1, 1)
