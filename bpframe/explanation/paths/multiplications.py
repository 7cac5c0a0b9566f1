"""Why back-propagation: the multiplications that all derivatives of a network need, by four ways to the same numbers.

With the local derivatives known, on the edges that lie on a path from some weight to the end:

    path by path    Σ_paths (edges − 1)                    every product by itself, eq. (12) unfactored
    forward mode    weights × edges between entries        a sweep for each weight, over the whole graph
    forward mode    Σ_edges weights that reach its source  the same, where nothing is multiplied that is 0 for certain
    reverse mode    edges − edges into the end             each edge once, for all weights together: BP1-BP4

An edge multiplies what arrived with its number, unless that is the 1 with which a sweep begins. So reverse mode is
O(n): a dense layer has for each weight the edge from it and at most one beside it, about two multiplications.
"""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.explanation.paths.path_sums import lengths_to, paths_from_weights, paths_to
from bpframe.explanation.paths.reach import weights_reaching
from bpframe.explanation.paths.scalar_graph import Edge, ScalarGraph

__all__ = ["Multiplications", "edges_between", "multiplications"]


@dataclass(frozen=True)
class Multiplications:
    """Multiplications that give ∂`of`/∂w of all weights, by the way that they are done.

    `weights` counts the entries of trained parameters that there is a path from, `edges` those on such paths, `paths`
    all of them. `sweeps` is forward mode over the whole graph, `reaching` forward mode without what is surely 0 (None
    where the network is too large to find out), `reverse` is back-propagation.
    """

    of: str
    weights: int
    edges: int
    paths: int
    path_by_path: int
    sweeps: int
    reaching: int | None
    reverse: int

    @property
    def reverse_per_weight(self) -> float:
        """Multiplications of back-propagation for each weight: what "O(n)" means here. 0 where there is no weight."""
        return self.reverse / self.weights if self.weights else 0.0


def multiplications(graph: ScalarGraph, of: str = "C") -> Multiplications:
    """Count, on the graph of a network's numbers, what all derivatives of an entry by the weights need.

    Errors: KeyError for an entry that there is not.
    """
    end, weights = graph.entry(of), graph.weights
    counts, lengths = paths_to(graph, end), lengths_to(graph, end)
    edges = edges_between(graph, counts)
    inner = [edge for edge in edges if edge[0] not in weights]
    dependent = [weight for weight in weights if counts[weight] and weight != end]
    paths = sum(counts[weight] for weight in dependent)
    reaching = weights_reaching(graph)
    return Multiplications(
        of=graph.name(end),
        weights=len(dependent),
        edges=len(edges),
        paths=paths,
        path_by_path=sum(lengths[weight] for weight in dependent) - paths,
        sweeps=len(dependent) * len(inner),
        reaching=None if reaching is None else sum(reaching[source] for source, _, _ in inner),
        reverse=sum(edge[1] != end for edge in edges),
    )


def edges_between(graph: ScalarGraph, counts: list[int]) -> list[Edge]:
    """Return the edges on paths from any weight to the end that `counts` are to."""
    reached = paths_from_weights(graph)
    return [edge for edge in graph.edges if reached[edge[0]] and counts[edge[1]]]
