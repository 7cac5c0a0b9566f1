"""What a component returned, held against what it declares."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

import bpframe.core.operators as operators
from bpframe.core.backprop.steps import Call, CostStep
from bpframe.core.component import Component
from bpframe.core.graph.graph import Node, batched
from bpframe.core.operators import Operator
from bpframe.errors import BpframeError, ContractError, OperatorError, ShapeMismatch

__all__ = [
    "check_cost",
    "check_gradient",
    "check_jacobian",
    "check_product",
    "check_state",
    "check_value",
    "failed",
    "grows_with_the_batch",
    "in_dtype",
    "instead",
    "is_a_write",
    "misfit",
    "named",
]


def check_value(node: Node, value: Any, batch: int, dtype: Any) -> None:
    """Hold what forward returned against the declared shape and the network's dtype."""
    expected = (batch, *node.output_shape)
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise ContractError(
            f"{node.where}: forward returned no array",
            expected=f"an array {batched(node.output_shape)}",
            received=named(value) if isinstance(value, type) else type(value).__name__,
            hint="with `state` in its signature, forward returns (output, new_state)"
            if isinstance(value, tuple)
            else instead(value, "array"),
        )
    if value.shape != expected:
        raise ShapeMismatch(
            f"{node.where}: forward returned another shape than declared",
            expected=f"{expected}, from {'output_shape' if 'output_shape' in node.contract else 'the first input'}",
            received=str(value.shape),
            hint="declare output_shape" if "output_shape" not in node.contract else None,
        )
    if value.dtype != dtype:
        raise ContractError(
            f"{node.where}: forward returned another dtype than the network's",
            expected=str(dtype),
            received=str(value.dtype),
            hint=in_dtype(node.component, _input(node), dtype)
            or "compute with the arrays that come in: np.zeros_like(x) and Python numbers keep their dtype",
        )


def named(value: Any) -> str:
    """Return what messages call a value that was returned: `a Sigmoid`, `the class Diagonal`, `None`."""
    return f"the class {value.__name__}" if isinstance(value, type) else "None" if value is None else _a(value)


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def instead(value: Any, wanted: Literal["array", "operator"]) -> str | None:
    """Return what was meant by a returned value that is plainly something else than an array or operator."""
    cls = value if isinstance(value, type) else type(value)
    if value is None:
        return "is a `return` missing?"
    if issubclass(cls, Component):
        operator = getattr(operators, cls.__name__, None)
        if operator is not None and wanted == "operator":
            return f"{cls.__module__}.{cls.__name__} is a component; bpframe.extend.{cls.__name__} is the operator"
        return f"{cls.__name__} is a component, a node of its own: put it into the network, and compute with NumPy here"
    if issubclass(cls, Operator):
        if wanted == "array":
            return "return an array of numbers here, not an operator"
        return f"make an instance of it: {cls.__name__}(...)" if isinstance(value, type) else None
    if isinstance(value, list) and wanted == "array":
        return "return an array: np.stack(...) of arrays, np.array(..., x.dtype) of numbers"
    return None


def check_state(node: Node, returned: Any, dtype: Any) -> None:
    """Hold what a forward that asks for `state` returned, (output, new_state), against the declared state."""
    where = node.where
    if not isinstance(returned, tuple) or len(returned) != 2 or not isinstance(returned[1], Mapping):
        parts = f"({', '.join(map(_kind, returned))})" if isinstance(returned, tuple) else None
        raise ContractError(
            f"{where}: forward asks for `state` and has to return a pair",
            expected="(output, new_state), with new_state a mapping",
            received=parts or type(returned).__name__,
            hint="return output, state where nothing changes",
        )
    new = returned[1]
    if set(new) != set(node.state):
        raise ContractError(
            f"{where}: forward returned another state than initial_state declares",
            expected=", ".join(node.state) or "no state",
            received=", ".join(map(str, new)) or "no state",
        )
    for name, declared in node.state.items():
        shape, found = getattr(new[name], "shape", None), getattr(new[name], "dtype", type(new[name]).__name__)
        if shape != declared.shape or found != dtype:
            raise ContractError(
                f"{where}: forward returned another state['{name}'] than declared",
                expected=f"shape {declared.shape}, {dtype}",
                received=f"shape {shape}, {found}",
            )


def _kind(value: Any) -> str:
    return "mapping" if isinstance(value, Mapping) else type(value).__name__


def check_jacobian(node: Node, operators: Mapping[str, Operator], batch: int) -> None:
    """Hold what jacobian returned against the node's inputs and parameters."""
    where = node.where
    for key in node.slot_shapes:
        if key not in operators and key not in node.component.integer_inputs:
            raise ContractError(
                f"{where}: jacobian says nothing about '{key}'",
                expected=", ".join(node.slot_shapes),
                received=", ".join(operators) or "nothing",
            )
    met: dict[int, str] = {}
    for key, operator in operators.items():
        other = met.setdefault(id(operator), key)
        if node.slot_shapes[other] != node.slot_shapes[key]:
            raise ContractError(
                f"{where}: jacobian has one operator for '{other}' and for '{key}', which differ in shape",
                expected="an operator for each",
                received=f"{node.slot_shapes[other]} and {node.slot_shapes[key]}",
            )
        try:
            operator.check(batch)
        except OperatorError as error:
            raise misfit(node, key, error) from error
        if operator.couples_batch and not node.component.couples_batch:
            raise ContractError(
                f"{where}: jacobian['{key}'] couples the batch, which the component does not declare",
                hint="couples_batch: ClassVar[bool] = True",
            )


def misfit(node: Node, key: str, error: OperatorError) -> ContractError:
    """Return the error that says of a jacobian's operator that it does not fit its place."""
    return ContractError(
        f"{node.where}: jacobian['{key}'] does not fit: {error.problem}",
        expected=error.expected,
        received=error.received,
        hint=error.hint,
    )


def grows_with_the_batch(node: Node, key: str, shape: tuple[int, ...]) -> ContractError:
    """Return the error for a plain array that has an entry for each entry of the output, and passed for a matrix."""
    full = (*node.output_shape, *node.slot_shapes[key])
    return ContractError(
        f"{node.where}: jacobian['{key}'] is written out for each example only by chance: its shape follows the batch",
        expected=f"{batched(full)}, or {full} that all examples share, at every batch size",
        received=f"{shape} with as many examples, and another shape with one more",
        hint="of a function that works entry by entry: return Diagonal(derivative)",
    )


_NETWORKS_DTYPE = "give the operator arrays of the network's dtype: np.ones_like(x), x.dtype"


def check_cost(cost: CostStep, value: Any, batch: int, dtype: Any) -> None:
    """Hold what a cost's forward returned against one number per example."""
    if np.shape(value) == (batch,) and getattr(value, "dtype", None) == dtype:
        return
    hint = instead(value, "array")
    if hint is None and np.shape(value) == (batch,):
        hint = in_dtype(cost.cost, "a", dtype)
    raise ContractError(
        f"{cost.where}: forward must return one number per example",
        expected=f"shape ({batch},), {dtype}",
        received=f"shape {np.shape(value)}, {getattr(value, 'dtype', type(value).__name__)}",
        hint=hint or "sum over every axis but the first: .reshape(len(a), -1).sum(axis=1)",
    )


def check_gradient(cost: CostStep, gradient: Any, batch: int, dtype: Any) -> None:
    """Hold what a cost's jacobian returned against ∇_a C, like the output."""
    shape = (batch, *cost.output_shape)
    if np.shape(gradient) != shape or getattr(gradient, "dtype", None) != dtype:
        raise ContractError(
            f"{cost.where}: jacobian must return ∇_a C, like the output",
            expected=f"shape {shape}, {dtype}",
            received=f"shape {np.shape(gradient)}, {getattr(gradient, 'dtype', type(gradient).__name__)}",
            hint=instead(gradient, "array") or in_dtype(cost.cost, "a", dtype),
        )


def check_product(node: Node, key: str, product: str, value: Any, shape: tuple[int, ...], dtype: Any) -> None:
    """Hold what an operator's product (vjp, sum_vjp, ...) returned against the shape and dtype that it must have."""
    found = getattr(value, "dtype", None)
    if getattr(value, "shape", None) == shape and found == dtype:
        return
    raise ContractError(
        f"{node.where}: jacobian['{key}'].{product} returned another shape or dtype",
        expected=f"shape {shape}, {dtype}",
        received=f"shape {value.shape}, {found}" if hasattr(value, "shape") else type(value).__name__,
        hint=None if found == dtype else in_dtype(node.component, _input(node), dtype) or _NETWORKS_DTYPE,
    )


def in_dtype(component: Component, word: str, dtype: Any) -> str | None:
    """Return what to write where a component computes with fields whose arrays have another dtype than the network."""
    fields = {name: getattr(component, name) for name in type(component).model_fields}
    others = [name for name, value in fields.items() if _has_other_dtype(value, dtype)]
    casts = ", ".join(f"self.{name}.astype({word}.dtype)" for name in others)
    return f"write {casts}: a field's array has its own dtype in every network" if casts else None


def _has_other_dtype(value: Any, dtype: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype not in (dtype, np.bool_)  # a mask keeps what it multiplies


def _input(node: Node) -> str:
    return node.contract.inputs[0] if node.contract.inputs else f"{node.contract.variadic}[0]"


def failed(
    where: str, doing: str, error: Exception, call: Call | None = None, arguments: Sequence[Any] = ()
) -> BpframeError:
    """Return the error that says where a component failed, and how; `call` is what was called, with `arguments`."""
    if isinstance(error, BpframeError):
        return type(error)(
            f"{where}: {doing} failed: {error.problem}",
            expected=error.expected, received=error.received, hint=error.hint, rows=error.rows,
        )  # fmt: skip
    if is_a_write(error):
        return _wrote(where, doing, error, call, arguments)
    return ContractError(f"{where}: {doing} failed: {type(error).__name__}: {error}")


#: What NumPy and a read-only mapping answer to who writes.
_NOT_WRITTEN = re.compile(r"read-only|does not support item (assignment|deletion)|cannot set WRITEABLE")


def is_a_write(error: Exception) -> bool:
    """Whether an error is what a write into something read-only is answered with."""
    return isinstance(error, ValueError | TypeError) and _NOT_WRITTEN.search(str(error)) is not None


def _wrote(where: str, doing: str, error: Exception, call: Call | None, arguments: Sequence[Any]) -> ContractError:
    """Return the error for a write into what was handed in, and find out into which argument."""
    names = [] if call is None else _written(call, arguments)
    return ContractError(
        f"{where}: {doing} writes into {' and '.join(names) or 'an array that it was handed'}",
        expected="what is handed in left as it is: others read the same memory",
        received=f"{type(error).__name__}: {error}",
        hint="return a new array, or ask for `out` and write into that; what jacobian needs goes into `saved`",
    )


def _written(call: Call, arguments: Sequence[Any]) -> list[str]:
    """Return the names of the arguments that a call changes, tried on copies that can be written."""
    copies = [_writable(each) for each in arguments]
    with contextlib.suppress(Exception):
        call.function(*copies)
    return [
        part
        for name, before, after in zip(call.words, arguments, copies, strict=False)
        for part in _changed(name, before, after)
    ]


def _writable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return {name: _writable(each) for name, each in value.items()}
    return value


def _changed(name: str, before: Any, after: Any) -> list[str]:
    if isinstance(before, np.ndarray):
        return [] if np.array_equal(before, after, equal_nan=before.dtype.kind in "fc") else [f"`{name}`"]
    if isinstance(before, Mapping) and name in ("p", "state"):
        if set(before) != set(after):
            return [f"`{name}`"]
        return [part for key in before for part in _changed(f"{name}['{key}']", before[key], after[key])]
    return []
