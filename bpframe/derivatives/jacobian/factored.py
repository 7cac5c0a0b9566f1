"""Jacobians that are never multiplied out: local Jacobians one behind the other, and branches as one operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bpframe.core.backprop.trace import Trace
from bpframe.core.operators import Gather, IdentityMap, Operator, compose
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.path import path_between
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Branched", "factored_jacobian"]


def factored_jacobian(trace: Trace, source: str, target: str) -> Operator:
    """Return ∂(target)/∂(source) as a composition of the local Jacobians on the way.

    With respect to a parameter, `shared_jvp` and `sum_vjp` are the products with the Jacobian of the whole batch. The
    operator couples the batch where a local Jacobian does.
    """
    path = path_between(trace, source, target)
    if source == target:
        return IdentityMap().bind(path.in_shape, path.out_shape)
    if not path.edges:  # reads zero everywhere
        return Gather(np.full((1, *path.out_shape), -1), path.in_shape).bind(path.in_shape, path.out_shape)
    parts: list[Operator] = []
    for segment in path.segments:
        last = segment[-1]
        parts.append(last.operator if len(segment) == 1 else Branched(segment[0].source, last.target, segment))
    return compose(*reversed(parts)).bind(path.in_shape, path.out_shape)


class Branched(Operator):
    """Send vectors along every path from one value to another, each local Jacobian once.

        v_i = Σ_j J_ij v_j,    u_j = Σ_i J_ijᵀ u_i        (multiply along a path, add over all paths)

    Shapes: inputs are those of the first value, outputs those of the last. `edges` stand in an order of evaluation:
    those into a value before those out of it. Cost: the sum of the local Jacobians' costs.

    Source: eq. (12), and BP2 for any graph.
    """

    __slots__ = ("edges", "first", "last")

    def __init__(self, first: str, last: str, edges: Sequence[Edge]) -> None:
        self.first = first
        self.last = last
        self.edges = tuple(edges)
        self.in_shape = next(edge.operator.in_shape for edge in edges if edge.source == first)
        self.out_shape = next(edge.operator.out_shape for edge in edges if edge.target == last)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward along all paths."""
        return self._push(v, lambda operator: operator.jvp(v))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back along all paths."""
        return self._pull(u, lambda operator, delta: operator.vjp(delta))

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent along all paths."""
        return self._push(v, lambda operator: operator.shared_jvp(v, batch))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back along all paths, and add over the examples."""
        return self._pull(u, lambda operator, delta: operator.sum_vjp(delta))

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether a local Jacobian couples the batch."""
        return any(edge.operator.couples_batch for edge in self.edges)

    @property
    def batch(self) -> int | None:
        """The batch size of the local Jacobians, or None where all are shared."""
        return next((edge.operator.batch for edge in self.edges if edge.operator.batch is not None), None)

    @property
    def cost(self) -> int:
        """The sum of the local Jacobians' costs."""
        return sum(edge.operator.cost for edge in self.edges)

    @property
    def structure(self) -> str:
        """How many paths there are."""
        paths = {self.first: 1}
        for edge in self.edges:
            paths[edge.target] = paths.get(edge.target, 0) + paths[edge.source]
        return f"{paths[self.last]} paths"

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Multiply along and add over paths with sparse arrays."""
        found: dict[str, csr_array] = {}
        for edge in self.edges:
            part = edge.operator.sparse(batch, dtype)
            if edge.source != self.first:
                part = part @ found[edge.source]
            found[edge.target] = found[edge.target] + part if edge.target in found else part
        return found[self.last]

    @property
    def _ignores_examples(self) -> bool:
        return all(edge.operator._ignores_examples for edge in self.edges)

    def _array(self) -> Array | None:
        arrays = (edge.operator._array() for edge in self.edges)
        return next((array for array in arrays if array is not None), None)

    def _push(self, v: Array, start: Callable[[Operator], Array]) -> Array:
        found: dict[str, Array] = {}
        for edge in self.edges:
            first = edge.source == self.first
            part = start(edge.operator) if first else edge.operator.jvp(found[edge.source])
            if edge.apart:
                part = part.copy()
            so_far = found.get(edge.target)
            found[edge.target] = part if so_far is None else np.add(so_far, part)
        return found[self.last]

    def _pull(self, u: Array, end: Callable[[Operator, Array], Array]) -> Array:
        deltas: dict[str, Array] = {self.last: u}
        for edge in reversed(self.edges):
            delta = deltas[edge.target]
            part = end(edge.operator, delta) if edge.source == self.first else edge.operator.vjp(delta)
            if edge.apart:
                part = part.copy()
            so_far = deltas.get(edge.source)
            deltas[edge.source] = part if so_far is None else np.add(so_far, part)
        return deltas[self.first]
