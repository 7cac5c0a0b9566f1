"""The callbacks of a training as users give them: components, which a specification has, and functions beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from bpframe.categories import Callback
from bpframe.errors import BpframeError, StopTraining
from bpframe.training.listeners import is_function
from bpframe.training.listening import Listening
from bpframe.training.spec import TrainingSpec

__all__ = ["Callbacks", "begun", "ended_by_failure", "with_functions", "without_functions"]

#: One, or several in the order in which they are called.
Callbacks: TypeAlias = Sequence[Callback | Callable[..., Any]]


def without_functions(callbacks: Any) -> Any:
    """Return what a specification takes of callbacks: all but functions, and what is no list as it is."""
    if is_function(callbacks):
        return ()
    if isinstance(callbacks, list | tuple):
        return [each for each in callbacks if not is_function(each)]
    return callbacks


def with_functions(callbacks: Any, spec: TrainingSpec) -> Callbacks:
    """Return all callbacks in the order in which they were given; the specification has checked its own."""
    if is_function(callbacks):
        return (callbacks,)
    checked = iter(spec.callbacks)
    if isinstance(callbacks, list | tuple):
        return tuple(each if is_function(each) else next(checked) for each in callbacks)
    return spec.callbacks


def begun(told: Listening) -> str:
    """Tell that a training begins; return why a callback ended it at once, where one did."""
    try:
        told.before_training()
    except StopTraining as reason:
        return str(reason)
    return ""


def ended_by_failure(told: Listening, error: Exception) -> None:
    """Tell that a training is over that has failed; what fails in that is added to its error."""
    try:
        told.after_training()
    except Exception as other:
        if isinstance(error, BpframeError):
            error.rows = (*error.rows, ("then", str(other)))
