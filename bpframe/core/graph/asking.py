"""What a component says of its place before any array exists: shapes, parameters, state, a block's nodes."""

from __future__ import annotations

from typing import Any

from bpframe.core.component import Layer, contract_of
from bpframe.core.graph.graph import Shape
from bpframe.errors import ContractError, ShapeMismatch
from bpframe.validation.method_errors import method_errors

__all__ = ["ask_shape"]


def ask_shape(
    component: Layer, method: str, shapes: tuple[Shape, ...], where: str, read_from: str, default: Any
) -> Any:
    """Call a method that asks for shapes (`output_shape`, `parameters`, ..., `nodes`) with the words that it wants."""
    contract = contract_of(type(component))
    if method not in contract:
        return default
    words: dict[str, Any] = {"shapes": shapes}
    signature = contract.methods[method]
    for word in filter(signature.asks_for, ("shape", "features")):
        if len(shapes) != 1:
            raise ContractError(
                f"{where}: {method} asks for '{word}', but there are {len(shapes)} inputs", hint="ask for 'shapes'"
            )
        if word == "features" and not shapes[0]:
            expected = "at least one feature axis: (N, features)"
            raise ShapeMismatch(f"{where} cannot take its input", expected=expected, received=read_from)
        words[word] = shapes[0] if word == "shape" else shapes[0][-1]
    with method_errors(where, method, read_from):
        return signature.call(getattr(component, method), words)
