"""Back through a network one node at a time: the error of each, and its local Jacobian."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.backprop.results import check_product, failed
from bpframe.core.backprop.steps import BackwardStep
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.operators import Operator, pulled_once
from bpframe.validation.plain_arrays import Array

__all__ = ["ERROR_BYTES", "walk_back"]

#: How many bytes of errors are kept at most, for walks back to write into again.
ERROR_BYTES = 1 << 24


def walk_back(
    trace: Trace, steps: Sequence[BackwardStep], deltas: list[Array | None], reuse: bool = False
) -> Iterator[tuple[BackwardStep, Array, Mapping[str, Operator]]]:
    """BP2 alone, one node at a time: yield a node's step, its error δ, (*S, N, *features), and its local Jacobian.

    `deltas` is filled in as by `backward`, after the caller is done with the node; nodes that no error reaches are left
    out. A node's error is dropped once it was passed on, so that no more than a front of them is held; with `reuse`
    its memory is the workspace's, and overwritten by the next such walk.
    """
    memory = trace.workspace if reuse else None
    for each in steps:
        step = each.step
        delta = deltas[step.slot]
        if delta is None:
            continue
        delta, jacobian = read_only(delta), pulled_once(trace.jacobian(step.node.name), step.why is not None)
        yield each, delta, jacobian
        deltas[step.slot] = None
        for key, slot in each.edges:
            so_far = deltas[slot]
            axis = delta.ndim - len(step.output_shape) - 1
            shape = (*delta.shape[: axis + 1], *step.shapes[key])
            try:
                part = _pulled(jacobian[key], delta, axis, slot, shape, memory if so_far is None else None)
            except ValueError as error:
                raise failed(step.where, f"vjp of jacobian['{key}']", error) from error
            if step.why is not None:
                part = part.copy()  # the operator may keep it
            check_product(step.node, key, "vjp", part, shape, delta.dtype)
            deltas[slot] = part if so_far is None else so_far + part


def _pulled(
    operator: Operator, delta: Array, axis: int, slot: int, shape: tuple[int, ...], memory: Workspace | None
) -> Array:
    """Pull back; vectors that all examples share (a broadcast view) stay so through a map that they share."""
    batch = delta.shape[axis]
    if delta.strides[axis] or batch < 2 or not operator._ignores_examples:
        return operator.vjp(delta, None if memory is None else _error_buffer(memory, slot, shape, delta.dtype))
    part = operator.vjp(delta[(*(slice(None),) * axis, slice(1))])
    return np.broadcast_to(part, (*part.shape[:axis], batch, *part.shape[axis + 1 :]))


def _error_buffer(workspace: Workspace, slot: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
    """Return memory for the error of a value, with anything in it; None where as much is kept as may be.

    It is overwritten by whoever asks next for the same slot. Large arrays that are made anew each time go back to
    the operating system each time, and cost more than the numbers that are written into them.
    """
    key, kept = (slot, shape, dtype), workspace.errors
    if key not in kept:
        if sum(each.nbytes for each in kept.values()) + math.prod(shape) * dtype.itemsize > ERROR_BYTES:
            return None
        kept[key] = np.empty(shape, dtype)
    return kept[key]
