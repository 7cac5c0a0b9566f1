"""How the multiplications of each way grow with a network's width and depth.

The network: n inputs, D hidden layers of n neurons, each with an activation, one output and its cost, without biases.
It has P = D n² + n weights and, between its entries, E = (D − 1) n² + n + D n + 1 edges. With h = D − l layers after
it, a weight of hidden layer l has n^h paths of 2h + 4 edges. It reaches 3 edges where h is 0, and else
h n + (h − 1) n² + 2n + 2.

    path by path    n + Σ_l n² n^h (2h + 3)
    forward mode    P E over the whole graph,    n + Σ_l n² (edges that it reaches) without what is 0
    reverse mode    P + E − 1
"""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.errors import DataError

__all__ = ["GrowthPoint", "growth"]


@dataclass(frozen=True)
class GrowthPoint:
    """A network of some width and depth, and the multiplications that all its derivatives need, by the way."""

    width: int
    depth: int
    weights: int
    paths: int
    path_by_path: int
    sweeps: int
    reaching: int
    reverse: int


def growth(width: int, depth: int) -> GrowthPoint:
    """Return the counts of a network of `depth` hidden layers with `width` neurons, by the formulas above.

    Errors: DataError where one of them is no positive integer.
    """
    for name, value in (("width", width), ("depth", depth)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise DataError(f"the {name} is no positive integer", received=repr(value))
    n, after = width, range(depth)
    weights = depth * n**2 + n
    inner = (depth - 1) * n**2 + n + depth * n + 1
    return GrowthPoint(
        width=n,
        depth=depth,
        weights=weights,
        paths=n + sum(n**2 * n**h for h in after),
        path_by_path=n + sum(n**2 * n**h * (2 * h + 3) for h in after),
        sweeps=weights * inner,
        reaching=n + sum(n**2 * (h * n + (h - 1) * n**2 + 2 * n + 2 if h else 3) for h in after),
        reverse=weights + inner - 1,
    )
