"""What a component returned, held against what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpframe.errors import BpframeError, ContractError, OperatorError, ShapeMismatch
from bpframe.graph import Node, batched
from bpframe.operators import Operator

__all__ = ["check_jacobian", "check_value", "failed"]


def check_value(node: Node, value: Any, batch: int, dtype: Any) -> None:
    """Hold what forward returned against the declared shape and the network's dtype."""
    expected = (batch, *node.output_shape)
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise ContractError(
            f"{node.place} ({node.component.kind}): forward returned no array",
            expected=f"an array {batched(node.output_shape)}",
            received=type(value).__name__,
            hint="with `state` in its signature, forward returns (output, new_state)"
            if isinstance(value, tuple)
            else None,
        )
    if value.shape != expected:
        raise ShapeMismatch(
            f"{node.place} ({node.component.kind}): forward returned another shape than declared",
            expected=f"{expected}, from {'output_shape' if 'output_shape' in node.contract else 'the first input'}",
            received=str(value.shape),
            hint="declare output_shape" if "output_shape" not in node.contract else None,
        )
    if value.dtype != dtype:
        raise ContractError(
            f"{node.place} ({node.component.kind}): forward returned another dtype than the network's",
            expected=str(dtype),
            received=str(value.dtype),
            hint="compute with the arrays that come in: np.zeros_like(x) and Python numbers keep their dtype",
        )


def check_jacobian(node: Node, operators: Mapping[str, Operator], batch: int) -> None:
    """Hold what jacobian returned against the node's inputs and parameters."""
    where = f"{node.place} ({node.component.kind})"
    for key in node.slot_shapes:
        if key not in operators and key not in node.component.integer_inputs:
            raise ContractError(
                f"{where}: jacobian says nothing about '{key}'",
                expected=", ".join(node.slot_shapes),
                received=", ".join(operators) or "nothing",
            )
    for key, operator in operators.items():
        try:
            operator.check(batch)
        except OperatorError as error:
            raise ContractError(
                f"{where}: jacobian['{key}'] does not fit: {error.problem}",
                expected=error.expected,
                received=error.received,
                hint=error.hint,
            ) from error
        if operator.couples_batch and not node.component.couples_batch:
            raise ContractError(
                f"{where}: jacobian['{key}'] couples the batch, which the component does not declare",
                hint="couples_batch: ClassVar[bool] = True",
            )


def failed(node: Node, method: str, error: Exception) -> BpframeError:
    """Return the error that says which node's component failed, and how."""
    where = f"{node.place} ({node.component.kind})"
    if isinstance(error, BpframeError):
        return type(error)(
            f"{where}: {method} failed: {error.problem}",
            expected=error.expected, received=error.received, hint=error.hint, rows=error.rows,
        )  # fmt: skip
    return ContractError(f"{where}: {method} failed: {type(error).__name__}: {error}")
