"""Jacobians that are never multiplied out: operators, one behind the other."""

from __future__ import annotations

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.operators import Gather, Identity, Operator, compose
from bpframe.derivatives.jacobian.branched import Branched
from bpframe.derivatives.jacobian.path import path_between

__all__ = ["factored_jacobian"]


def factored_jacobian(trace: Trace, source: str, target: str) -> Operator:
    """Return ∂(target)/∂(source) as a composition of the local Jacobians on the way.

    With respect to a parameter, `shared_jvp` and `sum_vjp` are the products with the Jacobian of the whole batch. The
    operator couples the batch where a local Jacobian does.
    """
    path = path_between(trace, source, target)
    if source == target:
        return Identity().bind(path.in_shape, path.out_shape)
    if not path.ways:  # reads zero everywhere
        return Gather(np.full((1, *path.out_shape), -1), path.in_shape).bind(path.in_shape, path.out_shape)
    parts: list[Operator] = []
    for segment in path.segments:
        last = segment[-1]
        parts.append(last.operator if len(segment) == 1 else Branched(segment[0].source, last.target, segment))
    return compose(*reversed(parts)).bind(path.in_shape, path.out_shape)
