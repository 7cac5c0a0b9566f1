"""Whether a network that can be computed can also be meant: what its components say of one another."""

from __future__ import annotations

from bpframe.core.graph.graph import Graph
from bpframe.verification.padding import check_padding
from bpframe.verification.scores import check_scores

__all__ = ["check_as_meant"]


def check_as_meant(graph: Graph) -> None:
    """Refuse probabilities for a cost of scores, and padding for layers that read no mask.

    Saved runs are not asked: they are read as ever.

    Errors: GraphError.
    """
    check_scores(graph)
    check_padding(graph)
