"""Drafts: components whose Jacobian is measured from `forward`, for as long as nobody has declared it.

    column k of J = ∂f/∂x_k = Im f(x + i h e_k) / h      where forward computes an analytic function,
                              central differences        elsewhere

with steps relative to each entry (see `bpframe.measured.by_number`). Measured in float64 whatever the network's dtype.
One column is one evaluation of forward for the whole batch, so that a step costs as many as the component has inputs
and parameters: for trying, not for training at length.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from bpframe.core.component import Component, Cost, Layer, contract_of
from bpframe.core.graph.graph import Node, asked_words
from bpframe.core.operators import BatchMatrix, Operator
from bpframe.errors import DerivativeError, DraftWarning
from bpframe.measured.by_number import jacobian_columns
from bpframe.validation.caller import levels_to_the_caller
from bpframe.validation.plain_arrays import Array

__all__ = [
    "DRAFT",
    "CoupledMeasured",
    "DraftGradient",
    "DraftJacobian",
    "MeasuredJacobian",
    "measured",
    "warn_of_draft",
]


#: What tables and messages call the structure of a measured Jacobian.
DRAFT = "draft (numerical)"


@cache
def warn_of_draft(cls: type[Component]) -> None:
    """Warn, once for a class, that its Jacobian is measured in each step of a training."""
    warnings.warn(
        f"{cls.__name__} is a draft: its Jacobian is measured in every step, which is slow, and the checks refuse it. "
        f"To have it declared, see what it looks like: bpframe.testing.check_component({cls.__name__}(...), shapes)",
        DraftWarning,
        stacklevel=levels_to_the_caller(),
    )


class DraftJacobian:
    """Called where a layer's own `jacobian` would be: returns an operator for every input and parameter.

    Each is measured when it is first used; until then it costs nothing.
    """

    def __init__(self, node: Node) -> None:
        self.node = node

    def __call__(
        self,
        training: bool,
        parameters: Mapping[str, Array],
        state: Mapping[str, Array],
        rng: np.random.Generator | None,
        y: Array,
        *inputs: Array,
    ) -> dict[str, Operator]:
        """Return the operators at the point of a forward pass; `rng` is as it was before that pass, `y` its value."""
        node = self.node
        if y.dtype.kind == "c":
            raise DerivativeError(
                "a draft has no Jacobian at complex numbers",
                hint="declare jacobian, then derivatives of it are possible",
            )
        point = _Point(node, dict(zip(node.input_keys, inputs, strict=True)), parameters, state, training, rng, len(y))
        coupled = node.component.couples_batch and training
        found: dict[str, Operator] = {}
        for key, shape in node.slot_shapes.items():
            if key in node.component.integer_inputs:
                continue
            is_input = key in point.inputs
            each = _Columns(partial(point.value, key), point.arrays[key], is_input and not coupled, y.dtype)
            kind = CoupledMeasured if coupled and is_input else MeasuredJacobian
            found[key] = kind(each, len(y)).bind(shape, node.output_shape)
        return found


class DraftGradient:
    """Called where a cost's own `jacobian` would be: returns ∇_a C, (N, *features)."""

    def __init__(self, cost: Cost) -> None:
        self.cost = cost
        self.signature = contract_of(type(cost)).methods["forward"]
        self.words = ("y", *asked_words(cost))

    def __call__(self, a: Array, *given: Array) -> Array:
        """Return the gradient at an output `a`, a target and the weights that are asked for, in the dtype of `a`."""
        if a.dtype.kind == "c":
            raise DerivativeError(
                "a draft has no gradient at complex numbers",
                hint="declare jacobian, then derivatives of it are possible",
            )
        j = _Columns(partial(self._value, given), _cast(a, np.float64), True, a.dtype).j
        return j.reshape(a.shape)

    def _value(self, given: tuple[Array, ...], a: Array) -> Array:
        named = {word: _cast(each, a.dtype) for word, each in zip(self.words, given, strict=True)}
        words = {"a": a, **named, "saved": {}}
        found: Array = self.signature.call(self.cost.forward, words)  # type: ignore[attr-defined]
        return found


def measured(what: Node | Cost) -> Callable[..., Any]:
    """Return what is called in the place of the `jacobian` that a layer or a cost does not declare."""
    return DraftJacobian(what) if isinstance(what, Node) else DraftGradient(what)


class _Point:
    """Where a draft layer is looked at: copies of forward's arguments, from which one array at a time is varied."""

    def __init__(
        self,
        node: Node,
        inputs: Mapping[str, Array],
        parameters: Mapping[str, Array],
        state: Mapping[str, Array],
        training: bool,
        rng: np.random.Generator | None,
        batch: int,
    ) -> None:
        # Copies: the operators may be used when the network has gone on to other numbers.
        self.component: Layer = node.component
        self.output_shape = (batch, *node.output_shape)
        self.signature = node.contract.methods["forward"]
        self.inputs = tuple(inputs)
        self.parameters = tuple(parameters)
        self.arrays = {key: _cast(array, np.float64) for key, array in [*inputs.items(), *parameters.items()]}
        self.state = {name: _cast(array, np.float64) for name, array in state.items()}
        self.training = training
        self.rng = copy.deepcopy(rng)
        self._complex: tuple[dict[str, Array], dict[str, Array]] | None = None

    def value(self, key: str, array: Array) -> Array:
        """Return forward's output with the array of one key replaced, all others in its dtype."""
        arrays, state = self._in(array.dtype)
        arrays = {**arrays, key: array}
        inputs = [arrays[name] for name in self.inputs]
        words: dict[str, Any] = {
            **dict(zip(self.inputs, inputs, strict=True)),
            "p": {name: arrays[name] for name in self.parameters},
            "state": state,
            "saved": {},
            "training": self.training,
        }
        signature = self.signature
        if signature.asks_for("rng"):
            words["rng"] = copy.deepcopy(self.rng)
        if signature.asks_for("out"):
            words["out"] = np.empty_like(array, shape=self.output_shape)
        found = signature.call(self.component.forward, words, inputs)  # type: ignore[attr-defined]
        value: Array = found[0] if signature.asks_for("state") else found
        return value

    def _in(self, dtype: Any) -> tuple[dict[str, Array], dict[str, Array]]:
        if np.dtype(dtype).kind != "c":
            return self.arrays, self.state
        if self._complex is None:
            self._complex = (
                {key: _cast(each, dtype) for key, each in self.arrays.items()},
                {name: _cast(each, dtype) for name, each in self.state.items()},
            )
        return self._complex


def _cast(array: Array, dtype: Any) -> Array:
    """Return a copy in this dtype; integers, which have no derivative, stay integers."""
    return array.copy() if array.dtype.kind in "iub" else array.astype(dtype, order="C")


class _Columns:
    """A Jacobian that is measured when it is first asked for, and kept."""

    def __init__(self, function: Callable[[Array], Array], at: Array, by_example: bool, dtype: Any) -> None:
        self.function = function
        self.at = at
        self.by_example = by_example
        self.dtype = dtype

    @cached_property
    def j(self) -> Array:
        """(N, *out, *in); for an input of a coupled batch (N, *out, N, *in)."""
        columns = jacobian_columns(self.function, self.at, self.by_example)
        shape = self.at.shape[1:] if self.by_example else self.at.shape
        return np.moveaxis(columns, 0, -1).reshape(*columns.shape[1:], *shape).astype(self.dtype)


class MeasuredJacobian(Operator):
    """A Jacobian that is measured from forward, one matrix per example.

        (J v)_n = j_n v_n,    (Jᵀ u)_n = j_nᵀ u_n

    Shapes: those that the layer has; `dense()` gives j, (N, *out_shape, *in_shape). It is measured when a product is
    first asked for.
    """

    __slots__ = ("columns", "count")

    structure = DRAFT

    def __init__(self, columns: _Columns, count: int) -> None:
        self.columns = columns
        self.count = count

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: j_n v_n for every example."""
        return self._matrix.jvp(v, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: j_nᵀ u_n for every example."""
        return self._matrix.vjp(u, out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent through all matrices."""
        return self._matrix.shared_jvp(v, batch)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples, Σ_n j_nᵀ u_n."""
        return self._matrix.sum_vjp(u, out)

    @property
    def batch(self) -> int | None:
        """The number of examples, or None for one, whose matrix serves any batch."""
        return None if self.count == 1 else self.count

    def dense(self, like: Array | None = None) -> Array:
        """Return j."""
        return self.columns.j

    @property
    def _matrix(self) -> BatchMatrix:
        return BatchMatrix(self.columns.j).bind(self.in_shape, self.out_shape)

    def _array(self) -> Array | None:
        return self.columns.j


class CoupledMeasured(Operator):
    """A Jacobian that is measured from forward, for a batch whose examples depend on one another.

        (J v)_n = Σ_m j_nm v_m,    (Jᵀ u)_m = Σ_n j_nmᵀ u_n

    Shapes: those that the layer has. It is measured when a product is first asked for.
    """

    __slots__ = ("columns", "count")

    couples_batch = True
    structure = DRAFT

    def __init__(self, columns: _Columns, count: int) -> None:
        self.columns = columns
        self.count = count

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: the sum over the whole batch."""
        return self._through(v, self._matrix.T, self.in_shape, self.out_shape)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: the sum over the whole batch."""
        return self._through(u, self._matrix, self.out_shape, self.in_shape)

    @property
    def batch(self) -> int | None:
        """The number of examples."""
        return self.count

    @property
    def _matrix(self) -> Array:
        """(N·outputs, N·inputs)."""
        j = self.columns.j
        rows = self.count * math.prod(self.out_shape)
        return j.reshape(rows, self.count * math.prod(self.in_shape))

    def _through(self, x: Array, matrix: Array, shape: tuple[int, ...], to_shape: tuple[int, ...]) -> Array:
        stack = x.shape[: x.ndim - len(shape) - 1]
        flat = x.reshape(*stack, matrix.shape[0])
        product: Array = np.matmul(flat, matrix).reshape(*stack, self.count, *to_shape)
        return product

    def _array(self) -> Array | None:
        return self.columns.j
