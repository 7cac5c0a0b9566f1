"""All parameters of a network as views into one contiguous vector."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from bpframe.core.component import Initializer, Parameter, State, contract_of
from bpframe.core.graph.graph import Graph
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError, DataError, ShapeMismatch
from bpframe.validation.by_path import ByPath
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["ParameterVector", "first_values", "initial_parameters", "initial_state", "slices_of", "views_of"]


def slices_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, slice]:
    """Return where each array's entries lie in a vector that holds one array after another, by name."""
    found, end = dict[str, slice](), 0
    for name, shape in shapes.items():
        found[name] = slice(end, end := end + math.prod(shape))
    return found


def views_of(vectors: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Return the parts of vectors (*S, P) by name, (*S, *shape), in order, each in C order: views where possible."""
    stack = vectors.shape[:-1]
    return {name: vectors[..., rows].reshape((*stack, *shapes[name])) for name, rows in slices_of(shapes).items()}


class ParameterVector(ByPath):
    """A vector θ of shape (P,) and, by path (`dense_1.w`), a view of each parameter's part of it.

    Gradients have the same layout. Writing into a view writes into `vector`, and the other way round; assignments,
    `parameters["dense_1.w"] = array` and `parameters.vector = array`, copy the array into its place.
    """

    __slots__ = ("_vector", "frozen", "shapes", "views")

    def __init__(self, vector: Array, shapes: Mapping[str, tuple[int, ...]], frozen: Collection[str] = ()) -> None:
        self._vector = vector
        self.shapes = dict(shapes)
        self.frozen = frozen
        size = sum(math.prod(shape) for shape in self.shapes.values())
        if vector.shape != (size,):
            raise ShapeMismatch(
                "this vector does not hold these parameters", expected=f"({size},)", received=str(vector.shape)
            )
        self.views = views_of(vector, self.shapes)

    @classmethod
    def zeros(cls, shapes: Mapping[str, tuple[int, ...]], dtype: Any, frozen: Collection[str] = ()) -> ParameterVector:
        """Return a vector of zeros with this layout."""
        return cls(np.zeros(sum(math.prod(shape) for shape in shapes.values()), dtype), shapes, frozen)

    def like(self, vector: Array | None = None) -> ParameterVector:
        """Return another vector (zeros unless given) with this one's layout."""
        return ParameterVector(np.zeros_like(self.vector) if vector is None else vector, self.shapes, self.frozen)

    def copy(self) -> ParameterVector:
        """Return a copy that shares no memory."""
        return self.like(self.vector.copy())

    @property
    def vector(self) -> Array:
        """θ, (P,): the memory of all views."""
        return self._vector

    @vector.setter
    def vector(self, value: Any) -> None:
        _fill(self._vector, value, "vector")

    def __setitem__(self, path: str, value: Any) -> None:
        _fill(self[path], value, path)

    def __reduce__(self) -> tuple[Any, ...]:
        return ParameterVector, (self._vector, self.shapes, self.frozen)

    def __repr__(self) -> str:
        parts = ", ".join(f"{path}: {shape}" for path, shape in self.shapes.items())
        return f"ParameterVector({self.vector.size} {self.vector.dtype} in {{{parts}}})"


def _fill(place: Array, value: Any, name: str) -> None:
    value = plain_array(value, f"value of '{name}'")
    if value.shape not in ((), place.shape):
        raise ShapeMismatch(f"'{name}' has another shape", expected=str(place.shape), received=str(value.shape))
    if not np.can_cast(value.dtype, place.dtype, "same_kind"):
        raise DataError(f"'{name}' takes numbers that are {place.dtype}", received=str(value.dtype))
    place[...] = value


def initial_parameters(graph: Graph, dtype: Any, seed: int) -> tuple[ParameterVector, ParameterVector]:
    """Draw every parameter's first values, each from a stream of its own; return the trained and the frozen ones.

    Values are drawn in float64 and rounded once, so that float32 and float64 networks start from the same numbers.
    """
    return (
        _initial(graph.parameters, dtype, seed, frozenset(graph.frozen_parameters)),
        _initial(graph.frozen_parameters, dtype, seed),
    )


def _initial(
    parameters: Mapping[str, Parameter], dtype: Any, seed: int, frozen: Collection[str] = ()
) -> ParameterVector:
    found = ParameterVector.zeros({path: each.shape for path, each in parameters.items()}, dtype, frozen)
    for path, parameter in parameters.items():
        found.views[path][...] = first_values(parameter, path, seed)
    return found


def initial_state(graph: Graph, dtype: Any, seed: int) -> dict[str, dict[str, Array]]:
    """Return the state of every node that carries one, as it is before training, in streams as parameters have."""
    found: dict[str, dict[str, Array]] = {}
    for node in graph.nodes:
        for name, each in node.state.items():
            array = found.setdefault(node.name, {})[name] = np.empty(each.shape, dtype)
            array[...] = first_values(each, f"{node.name}.{name}", seed)
    return found


def first_values(declared: Parameter | State, path: str, seed: int) -> float | Array:
    """Return where a parameter or a state starts: a number for all entries, or an array of its shape."""
    init, shape = declared.init, declared.shape
    if not isinstance(init, Initializer):
        return init
    fan_in = declared.fan_in if declared.fan_in is not None else (shape or (1,))[-1]
    fan_out = declared.fan_out if declared.fan_out is not None else (shape or (1,))[0]
    words = {"shape": shape, "fan_in": fan_in, "fan_out": fan_out, "rng": stream(seed, "initialise", path)}
    signature = contract_of(type(init)).methods["draw"]
    where = f"{type(init).__name__}.draw"
    try:
        values = signature.call(init.draw, words)  # type: ignore[attr-defined]
    except Exception as error:
        raise ContractError(f"{where} failed for '{path}': {type(error).__name__}: {error}") from error
    if (found := np.shape(values)) != shape:
        raise ContractError(f"{where} returned another shape for '{path}'", expected=f"{shape}", received=f"{found}")
    drawn = np.asarray(values)
    if drawn.dtype.kind not in "iuf" or not np.isfinite(drawn).all():
        received = f"{drawn.dtype}" if drawn.dtype.kind not in "iuf" else "infinite numbers, or NaN"
        problem = f"{where} returned no real numbers for '{path}'"
        raise ContractError(problem, expected="finite real numbers", received=received)
    return values  # type: ignore[no-any-return]
