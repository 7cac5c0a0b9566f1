"""Which factors do the derivatives share, and how often? What (7)-(12) have in common, counted on one's own network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bpframe.explanation.paths.multiplications import edges_between
from bpframe.explanation.paths.names import derivative
from bpframe.explanation.paths.path_sums import derivatives_of, paths_from_weights, paths_to
from bpframe.explanation.paths.reach import weights_reaching
from bpframe.explanation.paths.scalar_graph import ScalarGraph

__all__ = ["SharedFactor", "shared_factors"]


@dataclass(frozen=True)
class SharedFactor:
    """A factor of many derivatives: a local derivative, or an error, which is all between an entry and the end.

    `symbol` is ∂a^4_1/∂a^3_1 of an edge, ∂C/∂a^3_1 of an error. It stands in the derivatives by `weights` weights (None
    where the network is too large to find out) and, where every path is written out, in `paths` products.
    """

    kind: Literal["edge", "error"]
    symbol: str
    number: float
    weights: int | None
    paths: int


def shared_factors(graph: ScalarGraph, of: str = "C", most: int = 20) -> tuple[SharedFactor, ...]:
    """Return what most products have in common, first the `most` local derivatives, then as many errors.

    An edge lies on (paths from weights to its source) × (paths from its target to the end). An error ∂C/∂v is computed
    once for each path that reaches v, unless it is kept: `paths` counts these. What is in one derivative is left out.

    Errors: KeyError for an entry that there is not.
    """
    end = graph.entry(of)
    counts, arriving = paths_to(graph, end), paths_from_weights(graph)
    reaching, errors = weights_reaching(graph), derivatives_of(graph, end)
    edges = edges_between(graph, counts)
    by_edge = [
        SharedFactor(
            "edge", graph.symbol(edge), edge[2], None if reaching is None else reaching[edge[0]],
            arriving[edge[0]] * counts[edge[1]],
        )
        for edge in sorted(edges, key=lambda edge: (-arriving[edge[0]] * counts[edge[1]], -edge[1], edge[0]))[:most]
    ]  # fmt: skip
    entries = {edge[1] for edge in edges} - {end}
    by_error = [
        SharedFactor(
            "error", derivative(graph.name(end), graph.name(entry)), errors[entry],
            None if reaching is None else reaching[entry], arriving[entry],
        )
        for entry in sorted(entries, key=lambda entry: (-arriving[entry], -entry))[:most]
    ]  # fmt: skip
    return tuple(each for each in (*by_edge, *by_error) if each.paths > 1 and each.weights != 1)
