"""Which parameters are not trained: those of nodes outside training, and those that patterns of paths name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bpframe.core.graph.graph import Node
from bpframe.validation.patterns import matching

__all__ = ["with_frozen"]


def with_frozen(nodes: Sequence[Node], untrained: Collection[str], patterns: Iterable[str]) -> tuple[Node, ...]:
    """Return the nodes with what of them is frozen; `untrained` are the names of nodes outside training.

    What several nodes share is frozen where its owner's is.

    Errors: SpecError for a pattern that matches no parameter.
    """
    own = [
        (node.owner, node.parameter_path(name)) for node in nodes if node.owner == node.name for name in node.parameters
    ]
    frozen = {path for owner, path in own if owner in untrained}
    frozen |= set(matching(patterns, [path for _, path in own], "frozen"))
    if not frozen and not untrained:
        return tuple(nodes)
    return tuple(
        replace(
            node,
            trainable=node.name not in untrained,
            frozen=frozenset(name for name in node.parameters if node.parameter_path(name) in frozen),
        )
        for node in nodes
    )
