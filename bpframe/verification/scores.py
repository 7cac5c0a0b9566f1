"""Whether a cost of scores is given scores: a softmax before a cost that has one inside trains, slowly and to less."""

from __future__ import annotations

from bpframe.core.graph.graph import Graph
from bpframe.errors import GraphError

__all__ = ["check_scores"]


def check_scores(graph: Graph) -> None:
    """Refuse an output of probabilities under a cost that turns scores into probabilities itself.

    A component says by `probabilities: ClassVar[bool] = True` that its outputs are probabilities; a cost of scores says
    by `for_probabilities: ClassVar[str]` which cost takes probabilities in its place.

    Errors: GraphError.
    """
    for output, cost in graph.cost.items():
        node, other = graph.by_name.get(output), getattr(cost, "for_probabilities", None)
        if node is not None and other is not None and getattr(node.component, "probabilities", False):
            kind = node.component.kind
            raise GraphError(
                f"{node.where} gives probabilities to the cost {cost.kind}, which takes scores: "
                "it turns them into probabilities itself",
                expected="scores, of any size",
                received=f"{kind}'s outputs, between 0 and 1",
                hint=f"leave {kind} out, which is faster and more precise; or the cost {other}",
            )
