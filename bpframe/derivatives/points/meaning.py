"""What targets mean to a cost, which refuses those that mean nothing to it."""

from __future__ import annotations

from bpframe.core.component import contract_of
from bpframe.core.graph.graph import Graph
from bpframe.errors import DataError
from bpframe.validation.plain_arrays import Array

__all__ = ["check_meaning"]


def check_meaning(graph: Graph, output: str, target: Array) -> None:
    """Let a cost refuse targets that mean nothing to it. Errors: those of its `check_target`."""
    cost = graph.cost[output]
    if hasattr(cost, "check_target"):
        check = contract_of(type(cost)).methods["check_target"]
        try:
            check.call(cost.check_target, {"y": target, "shape": graph.shapes[output]})
        except DataError as error:
            problem = f"the target of '{output}': {error.problem}"
            raise DataError(problem, expected=error.expected, received=error.received, hint=error.hint) from None
