"""The chain rule for one weight: every path from it to the cost, the factors on its edges, and their sum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bpframe.errors import DataError
from bpframe.explanation.paths.factoring import ErrorLine, error_lines, nested
from bpframe.explanation.paths.listing import all_paths, between, largest_paths
from bpframe.explanation.paths.names import derivative
from bpframe.explanation.paths.path_sums import derivatives_of, lengths_to, paths_to
from bpframe.explanation.paths.scalar_graph import Edge, ScalarGraph

__all__ = ["ChainRule", "Factor", "PathProduct", "chain_rule"]

#: How many paths are written out one by one, and how many factors these may have together.
MOST_PATHS, MOST_FACTORS = 100, 30_000


@dataclass(frozen=True)
class Factor:
    """A local derivative on an edge: ∂`of`/∂`by` in symbols, and its number at this example."""

    of: str
    by: str
    number: float

    @property
    def symbol(self) -> str:
        """The derivative as it is written: ∂a^4_1/∂a^3_2."""
        return derivative(self.of, self.by)


@dataclass(frozen=True)
class PathProduct:
    """One path: the factors on its edges, from the end back to the weight as equations have them, and their product."""

    entries: tuple[str, ...]
    factors: tuple[Factor, ...]
    product: float


@dataclass(frozen=True)
class ChainRule:
    """∂`of`/∂`weight` as a sum over paths, unfactored and factored: eqs. (6)-(12) of this network.

        ∂C/∂w = Σ_paths Π_edges ∂v_t/∂v_s    (unfactored),    Σ_t (∂C/∂v_t) ∂v_t/∂w    (factored)

    `count` is the number of paths, exact. `paths` are all of them, or where `shown` is "largest", those whose products
    are the largest in size; `paths_sum` adds the products that are shown. `total` is the derivative, by the factored
    sum whose lines are `errors`. `unfactored` and `nested` are formulas, None where they would be too long.

    Of each form the multiplications are counted: of products along every path by itself (`unfactored`), of the sum with
    common factors taken out but each bracket written where it is used (`nested`), and with each bracket computed once
    (`factored`).
    """

    weight: str
    of: str
    count: int
    shown: Literal["all", "largest"]
    paths: tuple[PathProduct, ...]
    paths_sum: float
    total: float
    unfactored: str | None
    nested: str | None
    errors: tuple[ErrorLine, ...] | None
    unfactored_multiplications: int
    nested_multiplications: int
    factored_multiplications: int

    @property
    def symbol(self) -> str:
        """The derivative as it is written: ∂C/∂w^2_11."""
        return derivative(self.of, self.weight)


def chain_rule(graph: ScalarGraph, weight: str, of: str = "C", most: int = MOST_PATHS) -> ChainRule:
    """Return the derivative of one number of a network by an earlier one, path by path.

    `weight` and `of` are names of entries: `dense_1.w[0,0]` or `w^2_11`, an input's `x[1]`, `C`. At most `most` paths
    are written out, of very long ones fewer: all, in the order of the entries on their way, or else the largest.

    Errors: KeyError for a name that there is not; DataError for a limit that is none.
    """
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise DataError("the most paths to show is no positive integer", received=repr(most))
    begin, end = graph.entry(weight), graph.entry(of)
    counts = paths_to(graph, end)
    count = counts[begin]
    if count and begin != end:
        most = max(1, min(most, MOST_FACTORS * count // lengths_to(graph, end)[begin]))
    few = count <= most
    found = all_paths(graph, begin, counts) if few else largest_paths(graph, begin, counts, most)
    paths = tuple(_product(graph, begin, path) for path in found)
    edges = between(graph, begin, counts)
    formula, multiplications = nested(graph, begin, end, edges)
    return ChainRule(
        weight=graph.name(begin),
        of=graph.name(end),
        count=count,
        shown="all" if few else "largest",
        paths=paths,
        paths_sum=sum(path.product for path in paths),
        total=derivatives_of(graph, end)[begin],
        unfactored=" + ".join(_written(path) for path in paths) or "0" if few else None,
        nested=formula,
        errors=error_lines(graph, end, edges),
        unfactored_multiplications=lengths_to(graph, end)[begin] - count if begin != end else 0,
        nested_multiplications=multiplications,
        factored_multiplications=sum(edge[1] != end for edge in edges),
    )


def _product(graph: ScalarGraph, begin: int, path: tuple[Edge, ...]) -> PathProduct:
    entries = (graph.name(begin), *(graph.name(target) for _, target, _ in path))
    factors = tuple(Factor(graph.name(target), graph.name(source), number) for source, target, number in path[::-1])
    return PathProduct(entries, factors, math.prod(factor.number for factor in factors))


def _written(path: PathProduct) -> str:
    return " ".join(factor.symbol for factor in path.factors) or "1"
