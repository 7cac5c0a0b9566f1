"""What passes and training change of a network: parameters, state, random streams, and who may use them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from bpframe.core.backprop.workspace import NodeState
from bpframe.core.graph.graph import Graph
from bpframe.core.graph.parameters import ParameterVector, initial_parameters, initial_state
from bpframe.core.graph.randomness import stream
from bpframe.machine.lanes import Gate

__all__ = ["Held"]


class Held:
    """The arrays and random streams of one network, which engines of several plans may share.

    `gate` says who may use them: any number of threads that evaluate, or one that trains.
    """

    def __init__(self, graph: Graph, dtype: Any, seed: int) -> None:
        self.seed = seed
        self.dtype = np.dtype(dtype)
        self.parameters, self.frozen = initial_parameters(graph, self.dtype, seed)
        self.state: Mapping[str, NodeState] = initial_state(graph, self.dtype, seed)
        self.gate: Gate[ParameterVector] = Gate()
        self.generators: dict[tuple[str, str], np.random.Generator] = {}

    def snapshot(self) -> dict[str, Any]:
        """Return copies of everything that passes and training change."""
        return {
            "seed": self.seed,
            "parameters": self.parameters.vector.copy(),
            "frozen": self.frozen.vector.copy(),
            "state": copied(self.state, self.dtype),
            "generators": deepcopy(dict(self.generators)),  # other threads may add to it meanwhile
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot of the same graph and dtype."""
        self.seed = snapshot["seed"]
        self.parameters.vector[:] = snapshot["parameters"]
        self.frozen.vector[:] = snapshot["frozen"]
        self.state = snapshot["state"]
        self.generators = snapshot["generators"]

    def reseed(self, seed: int) -> None:
        """Start every random stream of training (dropout, ...) anew from this seed."""
        self.seed = seed
        self.generators.clear()
        self.gate.clear()

    def generator(self, name: str, purpose: str) -> np.random.Generator:
        """Return the random stream of one node, or of one other job, in passes of one purpose."""
        key = (name, purpose)
        if key not in self.generators:
            self.generators.setdefault(key, stream(self.seed, purpose, name))
        return self.generators[key]


def copied(state: Mapping[str, NodeState], dtype: np.dtype[Any]) -> dict[str, NodeState]:
    """Return a copy of the state of nodes in a dtype."""
    return {
        node: {name: each.astype(dtype, order="C") for name, each in named.items()} for node, named in state.items()
    }
