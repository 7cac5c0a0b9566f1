"""The heart as networks use it: methods that are understood are repeated, and Jacobians that are missing measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.plan import Plan
from bpframe.core.component import Cost
from bpframe.core.graph.graph import Graph, Node
from bpframe.replay.program import repeating
from bpframe.replay.understanding import understand

__all__ = ["planned", "repeating_engine"]


def planned(graph: Graph) -> Plan:
    """Return the plan of a graph, with what is known of its components' code; drafts are measured."""
    return Plan(graph, understand, _measured)


def repeating_engine(graph: Graph, dtype: Any, seed: int) -> Engine:
    """Return an engine that repeats its passes without calling the components whose code is understood."""
    return Engine(planned(graph), dtype, seed, repeating())


def _measured(what: Node | Cost) -> Callable[..., Any]:
    from bpframe.measured.draft import measured  # only here: few networks hold a draft

    return measured(what)
