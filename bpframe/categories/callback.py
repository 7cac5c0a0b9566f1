"""Callbacks: what is done beside training, around it and between its epochs and steps."""

from __future__ import annotations

import inspect
from typing import Any

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Contract, Method
from bpframe.errors import ContractError

__all__ = ["Callback"]

_ALWAYS = {"network", "history", "state", "examples"}
_COUNTED = {*_ALWAYS, "epoch", "step"}

_HOOKS = {
    "after_epoch": Method(_COUNTED),
    "before_training": Method(_ALWAYS),
    "before_epoch": Method(_COUNTED),
    "before_batch": Method({*_COUNTED, "batch"}),
    "after_batch": Method({*_COUNTED, "batch", "cost"}),
    "after_checkpoint": Method({*_COUNTED, "path"}),
    "after_training": Method(_ALWAYS),
}


def _check_hooks(cls: type[Any], contract: Contract) -> None:
    """Hold a class to one hook at least, whose body runs when it is called. Errors: ContractError."""
    if not any(hook in contract for hook in _HOOKS):
        own = [name for name, value in vars(cls).items() if inspect.isfunction(value) and not name.startswith("_")]
        raise ContractError(
            f"{cls.__name__} has no after_epoch, nor another method that a training calls",
            expected="one or more of " + ", ".join(_HOOKS),
            received=", ".join(own) or "none of them",
        )
    for hook in filter(_HOOKS.__contains__, contract.methods):
        function = inspect.getattr_static(cls, hook)
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise ContractError(
                f"{cls.__name__}.{hook} would never run: a call only makes a generator or a coroutine",
                expected="a plain method, without yield, await or async",
            )


_CALLBACK = Category(
    "callback",
    {**_HOOKS, "initial_state": Method()},
    suffix="Callback",
    example="StopEarly(patience=5)",
    written="{kind: stop_early, patience: 5}",
    keeping="ask for `state` and write state['{name}']: it lasts through the training, and is saved with it",
    checks=(_check_hooks,),
)


class Callback(Component, category=_CALLBACK):
    """Something to do around a training: look, write down, or end it. A class declares the hooks that it needs.

    `before_training`, `after_training`
        Before the first step and after the last; the former again in a process that resumes a training, the latter
        however it ended, which `history.stopped` says.
    `before_epoch`, `after_epoch`
        The latter when the epoch is measured. `epoch` is its number, 1 for the first; `step` how many steps are over.
    `before_batch`, `after_batch`
        `batch` is its number in the epoch and `step` in the training, from 1; `cost` its mean cost before the step. An
        optimizer that drives itself takes no steps of its batches, and calls neither.
    `after_checkpoint`
        When a checkpoint has been written to the folder `path`.

    Each asks for the words that it needs, by name: those above, and always `network`, `history`, which ends with the
    last epoch that is over, `examples`, every k-th of the training's as (x, y), 64 at most, and `state`: a dict of the
    callback's own, which lasts through the training, is written with every checkpoint and comes back where a training
    is resumed. It holds numbers, texts, lists, dicts and arrays, and is empty at the start, or what an
    `initial_state(self)` returns.

    `raise StopTraining("good enough")` ends the training, with these words as the history's `stopped`; StopIteration
    does too. Callbacks are called in order, all of them, and what they return is not looked at. Any other error of
    theirs ends the training, with the history and the parameters of the last step. `network` may be asked anything and
    its parameters may be written in place; another training of it, and whatever replaces all of it, is refused.
    """
