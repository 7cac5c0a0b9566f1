"""What a network's outputs mean to a metric: logits, probabilities or other numbers, and above which one is a yes."""

from __future__ import annotations

from bpframe.core.graph.graph import Graph

__all__ = ["meaning_of", "single_score", "threshold_of", "yes_above"]


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


def yes_above(graph: Graph) -> float | None:
    """Return the threshold of a network whose only output is one score of a cost that declares it; None of others."""
    declared = getattr(graph.cost.get(graph.outputs[0]), "threshold", None)
    return declared if single_score(graph) is not None else None


def single_score(graph: Graph) -> float | None:
    """Return above which number the only output, one score with one target, says yes; None where there are others."""
    output = graph.outputs[0]
    if len(graph.outputs) > 1 or graph.shapes[output] != (1,) or graph.target_shapes.get(output) != (1,):
        return None
    threshold = threshold_of(graph, output)
    return 0.5 if threshold is None else threshold
