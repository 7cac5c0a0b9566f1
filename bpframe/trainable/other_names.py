"""What other frameworks call the arguments of a training, and what does the same here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from bpframe.errors import SpecError, did_you_mean

__all__ = ["refusing_other_names"]

Words = ParamSpec("Words")
Found = TypeVar("Found")

_PENALTY = "penalties={'*.w': ...} of the network, or the optimizer's own decay"
_RATE = "learning_rate of the optimizer"
_VALIDATION = "validation_split=0.2, or validation_data=(x, y); in a data section validation_fraction"

#: What does the same as an argument of Keras, PyTorch Lightning or scikit-learn.
_HERE = {
    "class_weight": "class_weight of the cost, or sample_weight=weights[y]",
    "early_stopping": "callbacks=[...], with one that stops early",
    "eval_set": _VALIDATION,
    "learning_rate": _RATE,
    "loss": "cost of the network",
    "lr": _RATE,
    "max_iter": "epochs",
    "validation_fraction": _VALIDATION,
    "verbose": "progress=True or False",
    "weight_decay": _PENALTY,
}


def refusing_other_names(method: Callable[Words, Found]) -> Callable[Words, Found]:
    """Return a method that says which argument was meant by one that it does not have.

    Errors: SpecError.
    """
    known = tuple(inspect.signature(method).parameters)[1:]

    @wraps(method)
    def checked(*given: Words.args, **named: Words.kwargs) -> Found:
        for name in named:
            if name not in known:
                raise SpecError(
                    f"{method.__name__} has no argument '{name}'",
                    expected=", ".join(known),
                    received=name,
                    hint=_HERE.get(name) or did_you_mean(name, known),
                )
        return method(*given, **named)

    return checked
