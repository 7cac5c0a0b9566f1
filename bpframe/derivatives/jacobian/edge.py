"""An edge of a network's graph: the local Jacobian of one value in another, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from bpframe.core.graph.graph import Node
from bpframe.core.operators import Composed, Operator
from bpframe.derivatives.ordering import Factor
from bpframe.validation.plain_arrays import Array

__all__ = ["Edge"]


@dataclass(eq=False)
class Edge:
    """The local Jacobian of `target` in `source`, a linear map per example: flattened, a matrix (outputs, inputs).

    It is the `node`'s, in the input or parameter `key`; `place` is where the target stands in the order of evaluation;
    `inputs` and `outputs` count the entries. `apart` says that its operator may overwrite what it returned before, so
    that its products are to be copied.
    """

    source: str
    target: str
    operator: Operator
    node: Node
    place: float
    key: str
    apart: bool = False

    def __post_init__(self) -> None:
        self.inputs = math.prod(self.operator.in_shape)
        self.outputs = math.prod(self.operator.out_shape)

    @property
    def shared(self) -> bool:
        """Whether all examples share it for certain."""
        return self.operator._ignores_examples

    @property
    def cost(self) -> int:
        """Multiply-adds (or moves, where it only moves entries) that send one vector of one example through."""
        return self.operator.cost

    @cached_property
    def dense_cost(self) -> int | None:
        """Multiplications, for one example, that write it out without unit vectors; None where these are needed."""
        return self.operator.dense_cost

    @cached_property
    def is_matrix(self) -> bool:
        """Whether it holds every entry of its matrix, so that to send vectors through is to multiply matrices."""
        return self.dense_cost == 0 and self.cost == self.inputs * self.outputs

    @cached_property
    def parts(self) -> tuple[Edge, ...]:
        """The edges of a composition, which is a chain of its own, the one that is applied first first; else itself."""
        if not isinstance(self.operator, Composed):
            return (self,)
        operators = self.operator.factors[::-1]
        inner = [f"{self.source} → {self.target}, {number}" for number in range(1, len(operators))]
        sources, targets = [self.source, *inner], [*inner, self.target]
        return tuple(
            Edge(source, target, operator, self.node, self.place, self.key, self.apart)
            for source, target, operator in zip(sources, targets, operators, strict=True)
        )

    def factor(self, batch: int) -> Factor:
        """Return it as a factor of a product to plan: its sizes and costs."""
        known = None if self.dense_cost is None else self.dense_cost * (1 if self.shared else batch)
        return Factor(self.outputs, self.inputs, self.cost, known, self.shared)

    def written(self, like: Array) -> Array:
        """Return its entries as `dense` writes them, (N or 1, outputs, inputs), in the dtype of `like`."""
        entries = self.operator.dense(like)
        return entries.reshape(entries.shape[0], self.outputs, self.inputs).astype(like.dtype, copy=False)
