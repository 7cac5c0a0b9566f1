"""The callbacks of a training as users give them: components, which a specification has, and functions beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np

from bpframe.categories import Callback, ErrorNorms
from bpframe.differentiable import Examples
from bpframe.errors import BpframeError, SpecError, StopTraining
from bpframe.machine.interruption import interruptible
from bpframe.trainable.rows import some_of
from bpframe.training.batches import Samples, count_of
from bpframe.training.keeper import Keeper
from bpframe.training.listeners import is_function
from bpframe.training.listening import Listening
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState

__all__ = [
    "Callbacks",
    "begun",
    "ended",
    "ended_by_failure",
    "require_single",
    "some_examples",
    "with_functions",
    "without_functions",
]

#: So many of a training's examples callbacks see at most.
SEEN = 64

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


def require_single(callbacks: Callbacks) -> None:
    """Refuse two callbacks that write one column of the history. Errors: SpecError."""
    kept = sum(isinstance(each, ErrorNorms) for each in callbacks)
    if kept > 1:
        raise SpecError(
            "error_norms stands among the callbacks more than once, and the history has one place for its norms",
            expected="one of it",
            received=str(kept),
            hint="mappings, or more rows, of x and y in one",
        )


def some_examples(given: Examples, samples: Samples, outputs: Iterable[str], raw: bool) -> tuple[Any, Any]:
    """Return every k-th of a training's examples, so that there are 64 at most, as the network takes them.

    Of a network that takes `raw` ones these are of what was `given`, and else of the checked `samples`.
    """
    rows = np.arange(0, count_of(samples), -(-count_of(samples) // SEEN))
    if raw:
        return some_of(given[0], rows), some_of(given[1], rows)
    inputs, targets = samples
    x, y = {name: each[rows] for name, each in inputs.items()}, {name: targets[name][rows] for name in outputs}
    return (x if len(x) > 1 else next(iter(x.values()))), (y if len(y) > 1 else next(iter(y.values())))


def begun(told: Listening) -> str:
    """Tell that a training begins; return why a callback ended it at once, where one did."""
    try:
        told.before_training()
    except StopTraining as reason:
        return str(reason)
    return ""


def ended(told: Listening, keeper: Keeper | None, state: TrainingState, epochs: int) -> None:
    """Tell that a training is over, and have it kept as callbacks leave it, also where one of them fails in that.

    One that Ctrl-C has ended is kept already; where it comes a second time, nothing is waited for.
    """
    with interruptible() as asked:
        try:
            told.after_training()
        except BaseException as error:
            told.follow()
            if not (isinstance(error, KeyboardInterrupt) and asked.requested):
                try:
                    _keep_last(told, keeper, state, epochs)
                except Exception as other:
                    _then(error, other)
            raise
        told.follow()
        _keep_last(told, keeper, state, epochs)


def _keep_last(told: Listening, keeper: Keeper | None, state: TrainingState, epochs: int) -> None:
    if keeper is not None and state.ended:
        with suppress(StopTraining):
            keeper.keep(state)
            if told.hears_checkpoints and (path := keeper.settle()) is not None:
                told.after_checkpoint(epochs, state.step, path)


def ended_by_failure(told: Listening, error: Exception) -> None:
    """Tell that a training is over that has failed; what fails in that is added to its error."""
    try:
        told.after_training()
    except Exception as other:
        _then(error, other)


def _then(error: BaseException, other: Exception) -> None:
    """Add to an error what has failed after it."""
    if isinstance(error, BpframeError):
        error.rows = (*error.rows, ("then", str(other)))
