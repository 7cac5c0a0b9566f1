"""What a method of a component asks for: its own fields, and the words that it is called with."""

from __future__ import annotations

from typing import Any

from bpframe.core.component import Component, contract_of
from bpframe.errors import ContractError

__all__ = ["asked_fields", "call_method"]


def asked_fields(component: Component, method: str) -> dict[str, Any]:
    """Return the fields that a method asks for by name, with what they hold; none where it is not declared."""
    signature = contract_of(type(component)).methods.get(method)
    words = signature.words if signature is not None else ()
    return {word: getattr(component, word) for word in words if word in type(component).model_fields}


def call_method(component: Component, method: str, **words: Any) -> Any:
    """Call a method of a component with those of the words that its signature asks for.

    Raises
    ------
    ContractError
        The class breaks the contract of its category, or does not declare this method.

    """
    signature = contract_of(type(component)).methods.get(method)
    if signature is None:
        raise ContractError(f"{type(component).__name__} declares no {method}", expected=f"def {method}(self, ...)")
    return signature.call(getattr(component, method), words)
