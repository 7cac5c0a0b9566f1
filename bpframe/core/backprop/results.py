"""What a component's methods returned or raised, held against what it declares: all errors about it are worded here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

import bpframe.core.operators as operators
from bpframe.core.backprop.steps import Call, Called, CostStep, Slots
from bpframe.core.component import Component
from bpframe.core.graph.graph import Node, Shape, batched
from bpframe.core.operators import Operator
from bpframe.errors import BpframeError, ContractError, OperatorError, ShapeMismatch
from bpframe.validation.first_nonfinite import note_nonfinite
from bpframe.validation.written_arguments import is_a_write, written_arguments

__all__ = [
    "called",
    "check_cost",
    "check_gradient",
    "check_jacobian",
    "check_product",
    "check_state",
    "check_value",
    "failed",
    "fits",
    "grows_with_the_batch",
    "instead",
    "misfit",
    "named",
    "wrong_array",
]


def called(step: Called, doing: str, call: Call, slots: Slots) -> Any:
    """Call a component's method with the slots that it asks for.

    Errors: what it raises, as an error that says where, unless it does so itself.
    """
    arguments = call.arguments(slots)
    try:
        return call.function(*arguments)
    except Exception as error:
        if isinstance(error, ContractError) and step.where in error.problem:
            raise
        raise failed(step.where, doing, error, call, arguments) from error


def failed(
    where: str, doing: str, error: Exception, call: Call | None = None, arguments: Sequence[Any] = ()
) -> BpframeError:
    """Return the error that says where a component failed, and how; `call` is what was called, with `arguments`."""
    if isinstance(error, BpframeError):
        return type(error)(
            f"{where}: {doing} failed: {error.problem}",
            expected=error.expected, received=error.received, hint=error.hint, rows=error.rows,
        )  # fmt: skip
    if not is_a_write(error):
        return ContractError(f"{where}: {doing} failed: {type(error).__name__}: {error}")
    names = [] if call is None else written_arguments(call.function, call.words, arguments)
    return ContractError(
        f"{where}: {doing} writes into {' and '.join(names) or 'an array that it was handed'}",
        expected="what is handed in left as it is: others read the same memory",
        received=f"{type(error).__name__}: {error}",
        hint="return a new array, or ask for `out` and write into that; what jacobian needs goes into `saved`",
    )


def fits(value: Any, shape: Shape, dtype: Any) -> bool:
    """Whether a value is an array of this shape and dtype."""
    return getattr(value, "shape", None) == shape and getattr(value, "dtype", None) == dtype


def wrong_array(
    problem: str, value: Any, shape: Shape, dtype: Any, component: Component, word: str, hint: str | None = None
) -> ContractError:
    """Return the error for a value that is no array of this shape and dtype.

    `word` is what the component calls an array of the network's dtype; `hint` counts where nothing plainer is wrong.
    """
    found = getattr(value, "dtype", None)
    if found is not None and found != dtype:
        hint = _casts(component, word, dtype) or hint or _KEEP_DTYPE
    return ContractError(
        problem,
        expected=f"shape {shape}, {dtype}",
        received=f"shape {np.shape(value)}, {type(value).__name__ if found is None else found}",
        hint=instead(value, "array") or hint,
    )


#: What to try where an array has another dtype than the network's.
_KEEP_DTYPE = "compute with the arrays that come in: np.zeros_like(x) and Python numbers keep their dtype"


def _casts(component: Component, word: str, dtype: Any) -> str | None:
    """Return what to write where a component computes with fields whose arrays have another dtype than the network."""
    fields = {name: getattr(component, name) for name in type(component).model_fields}
    casts = [
        f"self.{name}.astype({word}.dtype)"
        for name, value in fields.items()
        if isinstance(value, np.ndarray) and value.dtype not in (dtype, np.bool_)  # a mask keeps what it multiplies
    ]
    return f"write {', '.join(casts)}: a field's array has its own dtype in every network" if casts else None


def check_value(node: Node, value: Any, batch: int, dtype: Any) -> None:
    """Hold what forward returned against the declared shape and the network's dtype."""
    shape, declared = (batch, *node.output_shape), "output_shape" in node.contract
    if fits(value, shape, dtype):
        note_nonfinite(node.where, "its output is", value)
        return
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise ContractError(
            f"{node.where}: forward returned no array",
            expected=f"an array {batched(node.output_shape)}",
            received=named(value) if isinstance(value, type) else type(value).__name__,
            hint="with `state` in its signature, forward returns (output, new_state)"
            if isinstance(value, tuple)
            else instead(value, "array"),
        )
    if value.shape != shape:
        raise ShapeMismatch(
            f"{node.where}: forward returned another shape than declared",
            expected=f"{shape}, from {'output_shape' if declared else 'the first input'}",
            received=str(value.shape),
            hint=None if declared else "declare output_shape",
        )
    raise ContractError(
        f"{node.where}: forward returned another dtype than the network's",
        expected=str(dtype),
        received=str(value.dtype),
        hint=_casts(node.component, node.input_keys[0], dtype) or _KEEP_DTYPE,
    )


def _kind(value: Any) -> str:
    return "mapping" if isinstance(value, Mapping) else type(value).__name__


def check_state(node: Node, returned: Any, dtype: Any) -> None:
    """Hold what a forward that asks for `state` returned, (output, new_state), against the declared state."""
    where = node.where
    if not isinstance(returned, tuple) or len(returned) != 2 or not isinstance(returned[1], Mapping):
        raise ContractError(
            f"{where}: forward asks for `state` and has to return a pair",
            expected="(output, new_state), with new_state a mapping",
            received=f"({', '.join(map(_kind, returned))})" if isinstance(returned, tuple) else _kind(returned),
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
        if not fits(new[name], declared.shape, dtype):
            problem = f"{where}: forward returned another state['{name}'] than declared"
            raise wrong_array(problem, new[name], declared.shape, dtype, node.component, node.input_keys[0])


_ONE_EACH = "sum over every axis but the first: .reshape(len(a), -1).sum(axis=1)"
_NETWORKS_DTYPE = "give the operator arrays of the network's dtype: np.ones_like(x), x.dtype"


def check_cost(cost: CostStep, value: Any, batch: int, dtype: Any) -> None:
    """Hold what a cost's forward returned against one number per example."""
    if not fits(value, (batch,), dtype):
        problem = f"{cost.where}: forward must return one number per example"
        hint = None if np.shape(value) == (batch,) else _ONE_EACH
        raise wrong_array(problem, value, (batch,), dtype, cost.cost, "a", hint)
    note_nonfinite(cost.where, "its value is", value)


def check_gradient(cost: CostStep, gradient: Any, batch: int, dtype: Any) -> None:
    """Hold what a cost's jacobian returned against ∇_a C, like the output."""
    shape = (batch, *cost.output_shape)
    if not fits(gradient, shape, dtype):
        problem = f"{cost.where}: jacobian must return ∇_a C, like the output"
        raise wrong_array(problem, gradient, shape, dtype, cost.cost, "a")
    note_nonfinite(cost.where, "its gradient is", gradient)


def check_product(node: Node, key: str, product: str, value: Any, shape: Shape, dtype: Any) -> None:
    """Hold what an operator's product (vjp, sum_vjp, ...) returned against the shape and dtype that it must have."""
    if not fits(value, shape, dtype):
        problem = f"{node.where}: jacobian['{key}'].{product} returned another shape or dtype"
        hint = None if getattr(value, "dtype", None) == dtype else _NETWORKS_DTYPE
        raise wrong_array(problem, value, shape, dtype, node.component, node.input_keys[0], hint)
    what = f"the error that it sends to '{key}' is" if product == "vjp" else f"the gradient of '{key}' is"
    note_nonfinite(node.where, what, value)


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
            raise misfit(f"{where}: jacobian['{key}']", error) from error
        if operator.couples_batch and not node.component.couples_batch:
            raise ContractError(
                f"{where}: jacobian['{key}'] couples the batch, which the component does not declare",
                hint="couples_batch: ClassVar[bool] = True",
            )


def misfit(what: str, error: OperatorError) -> ContractError:
    """Return the error that says of an operator that a component returned that it does not fit its place."""
    problem = f"{what} does not fit: {error.problem}"
    return ContractError(problem, expected=error.expected, received=error.received, hint=error.hint)


def grows_with_the_batch(node: Node, key: str, shape: Shape) -> ContractError:
    """Return the error for a plain array that has an entry for each entry of the output, and passed for a matrix."""
    full = (*node.output_shape, *node.slot_shapes[key])
    return ContractError(
        f"{node.where}: jacobian['{key}'] is written out for each example only by chance: its shape follows the batch",
        expected=f"{batched(full)}, or {full} that all examples share, at every batch size",
        received=f"{shape} with as many examples, and another shape with one more",
        hint="of a function that works entry by entry: return Diagonal(derivative)",
    )


def named(value: Any) -> str:
    """Return what messages call a value that was returned: `a Sigmoid`, `the class Diagonal`, `None`."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def instead(value: Any, wanted: Literal["array", "operator"]) -> str | None:
    """Return what was meant by a returned value that is plainly something else than an array or operator."""
    cls = value if isinstance(value, type) else type(value)
    if value is None:
        return "is a `return` missing?"
    if issubclass(cls, Component):
        of_structure = {getattr(getattr(operators, each), "structure", None): each for each in operators.__all__}
        operator = of_structure.get(cls.kind.replace("_", " "))
        if operator is not None and wanted == "operator":
            return f"{cls.__module__}.{cls.__name__} is a component; bpframe.extend.{operator} is the operator"
        return f"{cls.__name__} is a component, a node of its own: put it into the network, and compute with NumPy here"
    if issubclass(cls, Operator):
        if wanted == "array":
            return "return an array of numbers here, not an operator"
        return f"make an instance of it: {cls.__name__}(...)" if isinstance(value, type) else None
    if isinstance(value, list) and wanted == "array":
        return "return an array: np.stack(...) of arrays, np.array(..., x.dtype) of numbers"
    return None
