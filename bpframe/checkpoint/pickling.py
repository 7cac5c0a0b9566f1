"""Whether a network can be copied and pickled: by its specification, whose components are named by their classes.

Its nodes are then built again, and its arrays put into them.
"""

from __future__ import annotations

import inspect
import sys
from operator import attrgetter
from typing import Any

from bpframe.checkpoint.component_classes import component_classes
from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.graph import Graph
from bpframe.errors import ContractError
from bpframe.training.spec import TrainingSpec

__all__ = ["check_importable", "check_nodes", "nodes_of"]

#: Who pickles classes by value, so that they need not be importable.
_BY_VALUE = ("cloudpickle", "dill", "joblib.externals.cloudpickle")


def check_importable(spec: NetworkSpec, training: TrainingSpec | None) -> None:
    """Refuse to pickle a network with a component, or an optimizer, whose class another process could not import.

    Errors: ContractError that names the class.
    """
    for cls in dict.fromkeys([*component_classes(spec), *component_classes(training)]):
        try:
            found = attrgetter(cls.__qualname__)(sys.modules[cls.__module__])
        except (AttributeError, KeyError):
            found = None
        if found is not cls and not _is_pickled_by_value():
            raise ContractError(
                f"the network cannot be pickled: its component {cls.__name__} cannot be imported",
                expected="classes at the top of a module: a pickle holds their names, and who loads it imports them",
                received=f"{cls.__module__}.{cls.__qualname__}",
                hint="move the class to a module of its own; copy.deepcopy(network) works as it is",
            )


def nodes_of(graph: Graph) -> list[tuple[Any, ...]]:
    """Return what must be the same when the nodes are built again: names, kinds, edges, parameters, their order."""
    return [
        (
            node.name, node.component.kind, node.sources, node.owner,
            [(name, each.shape) for named in (node.parameters, node.state) for name, each in named.items()],
        )
        for node in graph.nodes
    ]  # fmt: skip


def check_nodes(graph: Graph, copied: list[tuple[Any, ...]]) -> None:
    """Refuse nodes that are others than those that were copied: the arrays would go to the wrong ones.

    Errors: ContractError that names the first node that differs.
    """
    again = nodes_of(graph)
    if again != copied:
        pairs = zip(copied, again, strict=False)
        before, after = next((pair for pair in pairs if pair[0] != pair[1]), (copied[-1], again[-1]))
        raise ContractError(
            f"the network that was copied or pickled had other nodes, first '{before[0]}'",
            expected=str(before),
            received=str(after),
            hint="classes are the same, and a block's nodes are, in their order, for the same fields and shapes",
        )


def _is_pickled_by_value() -> bool:
    frame = inspect.currentframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_BY_VALUE):
            return True
        frame = frame.f_back
    return False
