"""What a component says of its place before any array exists: shapes, parameters, state, a block's nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bpframe.core.component import Layer, contract_of
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError, ContractError, ShapeMismatch

__all__ = ["ask_shape", "told"]


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
    with told(where, method, read_from):
        return signature.call(getattr(component, method), words)


@contextmanager
def told(where: str, method: str, read_from: str) -> Iterator[None]:
    """Say of an error in a component's method where it came from, and what the component was to read."""
    try:
        yield
    except BpframeError as error:
        raise type(error)(
            f"{where} cannot take its input: {error.problem}",
            expected=error.expected,
            received=error.received or read_from,
            rows=error.rows,
            hint=error.hint,
        ) from error
    except Exception as error:
        raise ContractError(
            f"{where}: {method} failed: {type(error).__name__}: {error}",
            received=read_from,
            hint="raise bpframe.extend.ShapeMismatch for an input that the component cannot take",
        ) from error
