"""What patterns of paths say of parameters: which are not trained, and which have penalties."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.graph import Graph
from bpframe.validation.patterns import matching

__all__ = ["by_pattern"]


def by_pattern(graph: Graph, spec: NetworkSpec, untrained: Collection[str]) -> Graph:
    """Return the graph with what of it is frozen and penalised; `untrained` are the names of nodes outside training.

    What several nodes share is frozen where its owner's is. Penalties go one after another where several patterns match
    a path; frozen parameters have none.

    Errors: SpecError for a pattern that matches no parameter.
    """
    if not (untrained or spec.frozen or spec.penalties):
        return graph
    paths = graph.all_parameters
    frozen = {path for path in paths if path.rpartition(".")[0] in untrained}
    frozen |= set(matching(spec.frozen, paths, "frozen"))
    nodes = tuple(
        replace(
            node,
            trainable=node.name not in untrained,
            frozen=frozenset(name for name in node.parameters if node.parameter_path(name) in frozen),
        )
        for node in graph.nodes
    )
    penalties = tuple(
        (path, penalty)
        for pattern, penalty in spec.penalties.items()
        for path in matching(pattern, paths, "penalties")
        if path not in frozen
    )
    return replace(graph, nodes=nodes, penalties=penalties)
