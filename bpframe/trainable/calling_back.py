"""Calling the callbacks of a training, each with what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpframe.categories import Callback
from bpframe.categories.calling import call_method
from bpframe.core.backprop.results import failed
from bpframe.core.component import contract_of
from bpframe.errors import BpframeError

__all__ = ["call_back"]


def call_back(callbacks: Sequence[Callback], method: str, **words: Any) -> StopIteration | None:
    """Call a method of all callbacks that declare it, in order; return the first wish to end the training.

    Errors: ContractError (one fails), and those of bpframe that one raises.
    """
    ending: StopIteration | None = None
    for each in callbacks:
        if method not in contract_of(type(each)):
            continue
        try:
            call_method(each, method, **words)
        except StopIteration as reason:
            ending = ending or StopIteration(str(reason) or f"callback '{each.kind}' ended it")
        except BpframeError:
            raise
        except Exception as error:
            raise failed(f"callback '{each.kind}'", method, error) from error
    return ending
