"""One local Jacobian on the way from a source to a target, by what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from bpframe.core.graph.graph import Node
from bpframe.core.operators import Composed, Operator
from bpframe.derivatives.ordering import Factor
from bpframe.validation.plain_arrays import Array

__all__ = ["Link", "links_of"]


@dataclass(frozen=True, eq=False)
class Link:
    """A linear map per example between two values, with the place that it comes from.

    `shared` says that all examples share it for certain. Flattened, it is a matrix (outputs, inputs).
    """

    operator: Operator
    node: Node
    key: str
    shared: bool

    @cached_property
    def inputs(self) -> int:
        """The entries of its input."""
        return math.prod(self.operator.in_shape)

    @cached_property
    def outputs(self) -> int:
        """The entries of its output."""
        return math.prod(self.operator.out_shape)

    @cached_property
    def edges(self) -> int:
        """Multiply-adds (or moves, where it only moves entries) that send one vector of one example through."""
        return self.operator.cost

    @cached_property
    def dense_cost(self) -> int | None:
        """Multiplications, for one example, that write it out without unit vectors; None where these are needed."""
        return self.operator.dense_cost

    def times(self, batch: int) -> int:
        """Return how many times a batch does what one example costs."""
        return 1 if self.shared else batch

    def known(self, batch: int) -> int | None:
        """Return the multiplications of a batch that write it out without unit vectors."""
        return None if self.dense_cost is None else self.dense_cost * self.times(batch)

    def factor(self, batch: int) -> Factor:
        """Return it as a factor of a chain to plan."""
        known = self.known(batch)
        edges = self.edges if known is not None else max(self.edges, 1)
        return Factor(self.outputs, self.inputs, edges, known, self.shared)

    @cached_property
    def is_matrix(self) -> bool:
        """Whether it holds every entry of its matrix, so that to send vectors through is to multiply matrices."""
        return self.dense_cost == 0 and self.edges == self.inputs * self.outputs

    def written(self, like: Array) -> Array:
        """Return its entries as `dense` writes them, (N or 1, outputs, inputs), in the dtype of `like`."""
        entries = self.operator.dense(like)
        return entries.reshape(entries.shape[0], self.outputs, self.inputs).astype(like.dtype, copy=False)


def links_of(operator: Operator, node: Node, key: str) -> list[Link]:
    """Return a local Jacobian as links, the one that is applied first first: a composition is a chain of its own."""
    parts = operator.factors[::-1] if isinstance(operator, Composed) else (operator,)
    return [Link(part, node, key, part._ignores_examples) for part in parts]
