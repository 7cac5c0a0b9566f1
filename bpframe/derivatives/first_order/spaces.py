"""What a vector is a vector of: all parameters of a network, or all inputs of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from bpframe.core.graph.graph import Graph
from bpframe.core.graph.parameters import views_of
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["Space", "Wrt", "space_of"]

Shape = tuple[int, ...]

#: With respect to what a derivative is taken.
Wrt = Literal["parameters", "inputs"]


@dataclass(frozen=True)
class Space:
    """Arrays by name, and how they lie in one vector: in order, each in C order.

    For parameters it is the layout of `network.parameters.vector`; inputs are those of the whole batch,
    (N, *features), without the ones that hold integers.
    """

    wrt: Wrt
    shapes: Mapping[str, Shape]
    dtype: np.dtype[Any]

    @cached_property
    def size(self) -> int:
        """The number of entries of a vector."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def split(self, vectors: Array) -> dict[str, Array]:
        """Return the arrays that vectors (*S, size) consist of, as views: (*S, *shape) by name."""
        return views_of(vectors, self.shapes)

    def join(self, arrays: Mapping[str, Array], stack: Shape = ()) -> Array:
        """Return arrays (*S, *shape) as vectors (*S, size); what is left out is zero."""
        vectors = np.zeros((*stack, self.size), self.dtype)
        start = 0
        for name, shape in self.shapes.items():
            end = start + math.prod(shape)
            if name in arrays:
                vectors[..., start:end] = arrays[name].reshape(*stack, end - start)
            start = end
        return vectors


def space_of(graph: Graph, wrt: Wrt, batch: int, dtype: Any) -> Space:
    """Return the space of a network's parameters, or of the inputs of `batch` examples.

    Errors: DerivativeError for another word, and where there is nothing to differentiate by.
    """
    if wrt == "parameters":
        shapes = {path: parameter.shape for path, parameter in graph.parameters.items()}
    elif wrt == "inputs":
        shapes = {name: (batch, *shape) for name, shape in graph.inputs.items() if name not in graph.integer_inputs}
    else:
        raise DerivativeError("wrt is unknown", expected="'parameters' or 'inputs'", received=repr(wrt))
    if not shapes:
        none = "the network has no parameters" + (" that are trained" if graph.frozen_parameters else "")
        raise DerivativeError(
            none if wrt == "parameters" else "no input of the network has a derivative",
            received=None if wrt == "parameters" else "integers in " + ", ".join(graph.inputs),
            hint="wrt='inputs'" if wrt == "parameters" else "wrt='parameters'",
        )
    return Space(wrt, shapes, np.dtype(dtype))
