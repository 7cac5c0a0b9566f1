"""How does one network take inputs of many shapes?

A feature axis that is None in `input_shape` is open: the graph is built and planned for every shape that comes, and all
of them share one set of parameters, state and random streams. In goes a network's description, out comes what runs it:
an `Engine`, or an `OpenEngine` that has one for every shape. Start with `open_engine.py`, then `open_graph.py`.
"""

from bpframe.shapes.open_engine import OpenEngine, engine_of
from bpframe.shapes.open_graph import at_shapes, closed_graph, closed_shapes, graph_of

__all__ = ["OpenEngine", "at_shapes", "closed_graph", "closed_shapes", "engine_of", "graph_of"]
