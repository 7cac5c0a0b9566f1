"""Full Jacobians, written out example by example."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.rows import rows_of, slices
from bpframe.derivatives.jacobian.derivation import Derivation, Order, derivation_of
from bpframe.derivatives.points.memory import check_memory, portion
from bpframe.validation.plain_arrays import Array

__all__ = ["dense_jacobians"]


def dense_jacobians(
    engine: Engine,
    inputs: Mapping[str, Array],
    target: str,
    sources: Sequence[str],
    order: Order,
    training: bool,
    memory_limit: int | None = None,
) -> tuple[dict[str, Array], Derivation]:
    """Return ∂(target)/∂(source) of every example, (N, *target, *source) by source, and how it was multiplied out.

    Outside training, where no example depends on another, the examples are taken in portions if what comes up on the
    way is large.

    Errors: MemoryLimitError where a result is above the limit; BatchCoupledError that names a node.
    """
    trace = engine.trace(inputs, training)
    graph, batch, dtype = trace.plan.graph, trace.batch, trace.dtype
    found: dict[str, Array] = {}
    flat: dict[str, Array] = {}
    of = graph.shapes[target]
    for source in sources:
        wrt = graph.parameters[source].shape if source in graph.parameters else graph.shapes[source]
        shape = (batch, *of, *wrt)
        check_memory(f"∂{target}/∂{source}", shape, dtype, memory_limit, "form='factored', which is not multiplied out")
        found[source] = np.empty(shape, dtype)
        flat[source] = found[source].reshape(batch, math.prod(of), math.prod(wrt))
    derivation = derivation_of(trace, target, sources, order)
    derivation.check_uncoupled()
    like = np.empty(0, dtype)
    rows = batch if training else portion(batch, 2 * derivation.largest_part() * like.itemsize)
    if batch == 0:
        return found, derivation
    if rows == batch:
        derivation.carried_out(like, flat)
        return found, derivation
    for part in slices(batch, rows):
        given, wanted = rows_of(part, inputs, flat)
        derivation_of(engine.trace(given, training), target, sources, order).carried_out(like, wanted)
    return found, derivation
