"""Which parameters have which penalties: those that are trained, of the paths that patterns name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpframe.core.component import Penalty
from bpframe.core.graph.graph import Node
from bpframe.validation.patterns import matching

__all__ = ["penalised"]


def penalised(nodes: Sequence[Node], penalties: Mapping[str, Penalty]) -> tuple[tuple[str, Penalty], ...]:
    """Return the penalty of each path, one after another where several patterns match; frozen parameters have none.

    Errors: SpecError for a pattern that matches no parameter.
    """
    owners = [node for node in nodes if node.owner == node.name]
    paths = [node.parameter_path(name) for node in owners for name in node.parameters]
    trained = {node.parameter_path(name) for node in owners for name in node.trained}
    return tuple(
        (path, penalty)
        for pattern, penalty in penalties.items()
        for path in matching(pattern, paths, "penalties")
        if path in trained
    )
