"""How large the matrix products of a pass are, which decides over BLAS's threads."""

from __future__ import annotations

import math

from bpframe.core.graph.graph import Graph, Node

__all__ = ["largest_product"]


def largest_product(graph: Graph, batch: int) -> int:
    """Return about how many multiplications, M·N·K, the largest matrix product of a pass takes, from shapes alone.

    A weight meets every example at every place along the leading axes of the node's output: (N, T, units) has N·T
    places. So dense layers, whose three products forward and back are alike, are counted exactly, along leading axes
    too, and convolutions over positions that come before channels. What a component multiplies without a matrix among
    its parameters is taken for small.
    """
    return batch * max(map(_multiplications, graph.nodes), default=0)


def _multiplications(node: Node) -> int:
    matrices = (each.shape for each in node.parameters.values() if len(each.shape) > 1)
    return math.prod(node.output_shape[:-1]) * max(map(math.prod, matrices), default=0)
