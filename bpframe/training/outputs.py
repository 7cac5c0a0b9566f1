"""What a network's outputs mean to a metric: logits, probabilities or other numbers, and above which one is a yes."""

from __future__ import annotations

from bpframe.core.graph.graph import Graph

__all__ = ["meaning_of", "threshold_of"]


def meaning_of(graph: Graph, output: str) -> str:
    """Return "logits", "logits, each of a yes or no", "probabilities", or "unknown" where nobody says.

    A cost that turns scores into probabilities itself says so by `for_probabilities`, and where it does so one by one,
    as a sigmoid, it has a `threshold`; a cost that takes probabilities, and a layer that makes some, say so by
    `probabilities: ClassVar[bool] = True`.
    """
    cost, node = graph.cost.get(output), graph.by_name.get(output)
    if getattr(cost, "for_probabilities", None) is not None:
        return "logits" if getattr(cost, "threshold", None) is None else "logits, each of a yes or no"
    component = None if node is None else node.component
    return "probabilities" if any(getattr(each, "probabilities", False) for each in (cost, component)) else "unknown"


def threshold_of(graph: Graph, output: str) -> float | None:
    """Return above which number an output says yes: as its cost says by `threshold`, 1/2 for a probability, or None."""
    declared: float | None = getattr(graph.cost.get(output), "threshold", None)
    return 0.5 if declared is None and meaning_of(graph, output) == "probabilities" else declared
