"""A node's second-order declaration, as bound operators, and what it says when nothing is declared.

For a cotangent u of a node's output, the block (s, t) is H_u[s, t] = Σ_k u_k ∂²v_k/∂s∂t: it takes a change of t to a
change of the cotangent of s.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from bpframe.core.backprop.results import called, fits, misfit, wrong_array
from bpframe.core.backprop.steps import Step
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import locked
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Branches, Diagonal, Operator, branches, dense_operator, pulled_once
from bpframe.errors import ContractError, DerivativeError, OperatorError, did_you_mean
from bpframe.validation.plain_arrays import Array

__all__ = ["Blocks", "bending_keys", "block_product", "block_products", "needs_second_order", "second_order"]


#: Operators by (s, t), from a change of t to a cotangent of s; zero blocks and transposed pairs are left out.
Blocks = Mapping[tuple[str, str], Operator]


def second_order(trace: Trace, step: Step, u: Array) -> Blocks:
    """Ask a node's component for the blocks of H_u at a trace, for a cotangent u of its output, (N, *output).

    An activation's second_derivative is the one block diag(u ⊙ σ'').

    Errors: DerivativeError that names a node whose component declares no second order; ContractError for blocks that
    name nothing or do not fit.
    """
    node, call = step.node, step.second_order
    if call is None:
        raise DerivativeError(
            f"{node.where}: its second order is needed and not declared",
            expected="second_derivative(self, x)" if node.contract.category == "activation" else
            "second_order(self, ..., u): operators by pairs of names; {} where nothing bends",
            hint='declare it in the component; or, for products with the Hessian, method="difference"',
        )  # fmt: skip
    method = "second_order" if "second_order" in node.contract else "second_derivative"
    slots = trace.workspace.handed_to(step).copy()
    slots[step.cotangent_slot] = locked(u if step.why is None else u.copy())
    raw = called(step, method, call, slots)
    if method == "second_derivative":
        (key,) = node.input_keys
        raw = {(key, key): Diagonal(_curvature(node, raw, u))}
    return _bound(step, raw, trace)


def bending_keys(node: Node) -> frozenset[str]:
    """Return the inputs and parameters that the local Jacobian can depend on, from what `jacobian` asks for.

    A Jacobian that is handed none of the values cannot change with them: such a node is linear and needs no
    declaration. Of two keys, one of which is not among these, the block vanishes: second derivatives are symmetric.
    """
    integers = node.component.integer_inputs
    smooth = frozenset(key for key in node.slot_shapes if key not in integers)
    signature = node.contract.methods.get("jacobian")
    if signature is None or signature.variadic or signature.asks_for("y") or signature.asks_for("saved"):
        return smooth
    asked = {key for key in node.input_keys if signature.asks_for(key)}
    return smooth & (asked | set(node.parameters) if signature.asks_for("p") else asked)


def block_product(blocks: Blocks, node: Node, s: str, t: str, change: Array, batch: int) -> Array | None:
    """Multiply the block (s, t) with a change of t; None where the block is zero.

    A block that is left out is the transpose of (t, s). Shapes: (*S, N, *t) for an input t, (*S, *t) for a parameter;
    returns the same for s, with what belongs to a parameter added over the examples.
    """
    forward = (s, t) in blocks
    operator = blocks[s, t] if forward else blocks.get((t, s))
    if operator is None:
        return None
    shared, adds = t in node.parameters, s in node.parameters
    stack = _stack(node, t, change)
    if forward:
        value = operator.shared_jvp(change, batch) if shared else operator.jvp(change)
        if adds:
            value = value.sum(axis=len(stack))
    else:
        change = _spread(node, t, change, batch)
        value = operator.sum_vjp(change) if adds else operator.vjp(change)
    return _fitting(node, s, t, value, stack, batch, change.dtype)


def block_products(
    blocks: Blocks, node: Node, wanted: Collection[str], changes: Mapping[str, Array], batch: int
) -> Iterator[tuple[str, Array]]:
    """Yield what the blocks make of the changes: (s, Σ_t H[s, t] dt) for the wanted s, in one or more parts.

    Factors that several blocks of one row (s, ·) begin with multiply once: after the sum over t, and, in the transposed
    pairs, before the branches.
    """
    rows: dict[str, dict[str, Operator]] = {}
    for (s, t), operator in blocks.items():
        rows.setdefault(s, {})[t] = operator
    if not any(branches(row).common for row in rows.values()):
        for s in wanted:
            for t, change in changes.items():
                part = block_product(blocks, node, s, t, change, batch)
                if part is not None:
                    yield s, part
        return
    for first, row in rows.items():
        forward = {t: operator for t, operator in row.items() if t in changes}
        if first in wanted and forward:
            t = next(iter(forward))
            stack, dtype = _stack(node, t, changes[t]), changes[t].dtype
            total = _pushed(branches(forward), node, changes, batch)
            total = total.sum(axis=len(stack)) if first in node.parameters else total
            yield first, _fitting(node, first, t, total, stack, batch, dtype)
        back = {s: each for s, each in row.items() if s in wanted and (s, first) not in blocks}
        if first in changes and back:
            stack, change = _stack(node, first, changes[first]), _spread(node, first, changes[first], batch)
            for s, each in pulled_once(back, apart=True).items():
                part = each.sum_vjp(change) if s in node.parameters else each.vjp(change)
                yield s, _fitting(node, s, first, part, stack, batch, change.dtype)


def needs_second_order(node: Node, changing: Collection[str], wanted: Collection[str]) -> bool:
    """Whether some block between keys that change and keys whose cotangent is wanted can be other than zero."""
    bending = bending_keys(node)
    return not bending.isdisjoint(changing) and not bending.isdisjoint(wanted)


def _pushed(grouped: Branches, node: Node, changes: Mapping[str, Array], batch: int) -> Array:
    """Add what operators make of changes, and push the sum through the factors that they begin with."""
    parts = [
        each.shared_jvp(changes[t], batch) if t in node.parameters else each.jvp(changes[t])
        for t, each in grouped.alone
    ]
    parts += [factor.jvp(_pushed(behind, node, changes, batch)) for factor, behind in grouped.common]
    return reduce(add, parts)


def _stack(node: Node, t: str, change: Array) -> tuple[int, ...]:
    """Return the leading stack axes of a change of t."""
    return change.shape[: change.ndim - len(node.slot_shapes[t]) - (t not in node.parameters)]


def _spread(node: Node, t: str, change: Array, batch: int) -> Array:
    """Return a change of t example by example."""
    if t not in node.parameters:
        return change
    stack = _stack(node, t, change)
    return np.broadcast_to(np.expand_dims(change, len(stack)), (*stack, batch, *node.slot_shapes[t]))


def _fitting(node: Node, s: str, t: str, value: Any, stack: tuple[int, ...], batch: int, dtype: Any) -> Array:
    shape = (*stack, *(() if s in node.parameters else (batch,)), *node.slot_shapes[s])
    if not fits(value, shape, dtype):
        problem = f"{node.where}: a product with second_order[{s!r}, {t!r}] returned another shape or dtype"
        raise wrong_array(problem, value, shape, dtype, node.component, node.input_keys[0])
    return value  # type: ignore[no-any-return]


def _curvature(node: Node, raw: Any, u: Array) -> Array:
    if getattr(raw, "shape", None) not in (u.shape, (1, *u.shape[1:])):
        raise ContractError(
            f"{node.where}: second_derivative must return σ'' entry by entry",
            expected=f"shape {u.shape}",
            received=f"shape {raw.shape}" if hasattr(raw, "shape") else type(raw).__name__,
        )
    curvature: Array = np.multiply(u, raw.astype(u.dtype, copy=False))
    return curvature


def _bound(step: Step, raw: Any, trace: Trace) -> Blocks:
    """Return an operator, with its shapes bound, for every pair."""
    node = step.node
    if not isinstance(raw, Mapping):
        raise ContractError(
            f"{node.where}: second_order returned a {type(raw).__name__}",
            expected="a mapping from pairs of names to operators; {} where nothing bends",
        )
    shapes = {key: shape for key, shape in node.slot_shapes.items() if key not in node.component.integer_inputs}
    found: dict[tuple[str, str], Operator] = {}
    held: dict[int, Any] = {}
    for pair, each in raw.items():
        _check_pair(node, pair, shapes)
        s, t = pair
        try:
            if isinstance(each, Operator):
                # A copy: a component may hand out one operator for several pairs, or keep its arrays. Factors that
                # several pairs have in common stay so.
                own = each if step.why is None else copy.deepcopy(each, held)
                found[s, t] = copy.copy(own).bind(shapes[t], shapes[s])
            else:
                kind = getattr(getattr(each, "dtype", None), "kind", "")
                array = each.astype(trace.dtype, copy=False) if kind and kind in "fiub" else each
                found[s, t] = dense_operator(array, shapes[t], shapes[s])
            found[s, t].check(trace.batch)
        except OperatorError as error:
            raise misfit(f"{node.where}: second_order[{s!r}, {t!r}]", error) from error
    return found


def _check_pair(node: Node, pair: Any, shapes: Collection[str]) -> None:
    names = pair if isinstance(pair, tuple) else (pair,)
    unknown = [name for name in names if name not in shapes]
    if len(names) == 2 and not unknown:
        return
    raise ContractError(
        f"{node.where}: second_order has a key {pair!r}, which is no pair of inputs and parameters",
        expected="pairs of " + ", ".join(shapes),
        hint=did_you_mean(unknown[0], shapes) if unknown else None,
    )
