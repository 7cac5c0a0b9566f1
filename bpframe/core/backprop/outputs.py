"""A component of several outputs as a node of one: what it returns is packed, what it is handed is unpacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bpframe.core.backprop.results import misfit
from bpframe.core.backprop.steps import Call
from bpframe.core.graph.graph import Node, Shape, batched
from bpframe.core.operators import Gather, Operator, add, compose, dense_operator
from bpframe.errors import ContractError, OperatorError

__all__ = ["joined", "packing", "unpacking"]


def packing(call: Call, node: Node, has_state: bool) -> Call:
    """Return forward's call with its outputs, a tuple of arrays, side by side in one array (N, total)."""
    function, parts = call.function, tuple(node.outputs.values())
    shapes = [part.shape for part in parts]

    def packed(*arguments: Any) -> Any:
        returned = function(*arguments)
        pair = has_state and isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)
        values, state = returned if pair else (returned, None)
        found = [(np.shape(each), getattr(each, "dtype", None)) for each in values] if isinstance(values, tuple) else []
        kinds = {(shape[:1], dtype) for shape, dtype in found}  # one number of examples, and one precision
        if [shape[1:] for shape, _ in found] != shapes or len(kinds) != 1 or not all(shape for shape, _ in found):
            raise ContractError(
                f"{node.where}: forward has to return a tuple with each output, in its shape, and all of one dtype",
                expected=", ".join(f"{name} {batched(part.shape)}" for name, part in node.outputs.items()),
                received=", ".join(f"{shape} {dtype}" for shape, dtype in found) or f"a {type(values).__name__}",
            )
        flat = [each.reshape(len(each), part.stop - part.start) for each, part in zip(values, parts, strict=True)]
        whole = np.concatenate(flat, axis=1)
        return (whole, state) if has_state else whole

    return replace(call, function=packed)


def unpacking(call: Call, node: Node) -> Call:
    """Return a call whose arguments `y` and `u` are tuples with the arrays of the outputs, views of the packed ones."""
    function, parts = call.function, tuple(node.outputs.values())
    packed = [word in ("y", "u") for word in call.words]

    def unpacked(*arguments: Any) -> Any:
        given = zip(arguments, packed, strict=True)
        return function(*(tuple(part.forward(each) for part in parts) if split else each for each, split in given))

    return replace(call, function=unpacked) if any(packed) else call


def joined(node: Node, key: str, parts: Sequence[Any], dtype: Any) -> Operator:
    """Return the Jacobian of the packed value from those of the outputs: operators, arrays, or None for no dependence.

        J = Σ_k P_k J_k,    P_k puts the entries of output k into their places

    Errors: ContractError for a tuple of another length, and for a part that does not fit its output.
    """
    where, shape = f"{node.where}: jacobian['{key}']", node.slot_shapes[key]
    if len(parts) != len(node.outputs):
        expected = f"a tuple for {', '.join(node.outputs)}: operators, or None for no dependence"
        problem, received = f"{where} has to say something of each output", f"{len(parts)}"
        raise ContractError(problem, expected=expected, received=received)
    found = []
    for (name, output), placed, part in zip(node.outputs.items(), node.placements, parts, strict=True):
        try:
            if part is not None:
                found.append(compose(placed, _bound(part, shape, output.shape, dtype)))
        except OperatorError as error:
            raise misfit(f"{where} of '{name}'", error) from error
    if not found:
        found.append(Gather(np.full((1, *node.output_shape), -1), shape))
    return (found[0] if len(found) == 1 else add(*found)).bind(shape, node.output_shape)


def _bound(part: Any, in_shape: Shape, out_shape: Shape, dtype: Any) -> Operator:
    if isinstance(part, Operator):
        return part.bind(in_shape, out_shape)
    if getattr(part, "ndim", None) != len(out_shape) + len(in_shape) + 1:
        # A matrix that all examples share could be a derivative entry by entry of as many examples.
        raise OperatorError(
            "beside other outputs, a Jacobian that is written out has an axis for the examples",
            expected=f"(N, {', '.join(map(str, out_shape + in_shape))})",
            received=str(getattr(part, "shape", type(part).__name__)),
            hint="Matrix(w) is shared by the batch; None says that the output does not depend on it",
        )
    return dense_operator(part.astype(dtype, copy=False), in_shape, out_shape)
