"""One engine for every shape that comes, which all share parameters, state, random streams and their gate."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager

import numpy as np

from bpframe.core.backprop.engine import Engine, Lane
from bpframe.core.backprop.held import Held
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.graph import Graph, Shape
from bpframe.machine import lanes
from bpframe.replay.program import repeating
from bpframe.replay.repeating import planned, repeating_engine
from bpframe.shapes.open_graph import OpenGraph, at_shapes, check_parameters
from bpframe.shapes.room import no_room, require_room
from bpframe.validation.plain_arrays import Array

__all__ = ["KEPT_SHAPES", "OpenEngine", "engine_of"]

#: For so many shapes the plans are kept, with what passes keep of them; those that were used longest ago go first.
KEPT_SHAPES = 8


def engine_of(spec: NetworkSpec, graph: Graph, seed: int) -> Engine | OpenEngine:
    """Return what runs a described network with fresh parameters; `graph_of` gives the graph.

    Errors: GraphError (parameters and state, or one example, are more than memory holds).
    """
    require_room(graph, np.dtype(spec.dtype))
    try:
        if isinstance(graph, OpenGraph):
            return OpenEngine(spec, graph, seed)
        return repeating_engine(graph, spec.dtype, seed)
    except MemoryError as error:
        raise no_room(graph, "as much memory as there is", str(error) or "no memory") from error


class OpenEngine:
    """What a network with open axes is run by: `at` gives the engine of a shape, made when the shape first comes.

    `graph` has None for the length of an open axis. A shape is built and planned as in a network of that shape alone:
    what comes out has the same bytes.
    """

    def __init__(self, spec: NetworkSpec, graph: OpenGraph, seed: int) -> None:
        self.graph = graph
        self.held = Held(graph.closed, spec.dtype, seed)
        self._spec = spec
        self._make_pass = repeating()
        self._engines: OrderedDict[tuple[Shape, ...], Engine] = OrderedDict()
        parameters = self.held.parameters
        self._lanes = lanes.Lanes(lambda: lanes.Lane(parameters.like()), self.held.gate)

    def lane(self) -> AbstractContextManager[Lane]:
        """Have a lane inside the block: the parameters stay as they are. Errors: ConcurrencyError."""
        return self._lanes.taken()

    def training(self) -> AbstractContextManager[None]:
        """Let no other thread have a lane of any shape inside the block. Errors: ConcurrencyError."""
        return self.held.gate.trained()

    def at(self, inputs: Mapping[str, Array]) -> Engine:
        """Return the engine of inputs of these shapes.

        Errors: ShapeMismatch, ContractError for shapes that a layer cannot take.
        """
        return self.of_shapes({name: inputs[name].shape[1:] for name in self.graph.inputs})

    def of_shapes(self, shapes: Mapping[str, Shape]) -> Engine:
        """Return the engine of inputs of these feature shapes, of which the last few are kept.

        Errors: as `at`.
        """
        key = tuple(shapes[name] for name in self.graph.inputs)
        found = self._engines.get(key)
        if found is None:
            found = self._engines[key] = self._made(shapes)
        with contextlib.suppress(KeyError):  # another thread may have let go of it
            self._engines.move_to_end(key)
        while len(self._engines) > KEPT_SHAPES:
            self._engines.popitem(last=False)
        return found

    def closed(self) -> Engine:
        """Return the engine of one shape among all, for what is the same in each."""
        return self.of_shapes(self.graph.closed.inputs)

    def _made(self, shapes: Mapping[str, Shape]) -> Engine:
        graph = build_graph(at_shapes(self._spec, shapes))
        check_parameters(self.graph.closed, graph)
        return Engine(planned(graph), self.held.dtype, self.held.seed, self._make_pass, self.held, self.at)
