"""Calling a method of a component with what it asks for."""

from __future__ import annotations

from typing import Any

from bpframe.core.component import Component, contract_of
from bpframe.errors import ContractError

__all__ = ["call_method"]


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
