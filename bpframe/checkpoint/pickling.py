"""Whether a network can be pickled: by its specification, whose components are named by their classes."""

from __future__ import annotations

import inspect
import sys
from operator import attrgetter

from bpframe.checkpoint.component_classes import component_classes
from bpframe.core.graph.description import NetworkSpec
from bpframe.errors import ContractError
from bpframe.training.spec import TrainingSpec

__all__ = ["check_importable"]

#: Who pickles classes by value, so that they need not be importable.
_BY_VALUE = ("cloudpickle", "dill", "joblib.externals.cloudpickle")


def check_importable(spec: NetworkSpec, training: TrainingSpec | None) -> None:
    """Refuse to pickle a network with a component, or an optimizer, whose class another process could not import.

    Errors: ContractError that names the class.
    """
    for cls in dict.fromkeys([*component_classes(spec), *component_classes(training)]):
        try:
            found = attrgetter(cls.__qualname__)(sys.modules[cls.__module__])
        except (AttributeError, KeyError):
            found = None
        if found is not cls and not _is_pickled_by_value():
            raise ContractError(
                f"the network cannot be pickled: its component {cls.__name__} cannot be imported",
                expected="classes at the top of a module: a pickle holds their names, and who loads it imports them",
                received=f"{cls.__module__}.{cls.__qualname__}",
                hint="move the class to a module of its own; copy.deepcopy(network) works as it is",
            )


def _is_pickled_by_value() -> bool:
    frame = inspect.currentframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_BY_VALUE):
            return True
        frame = frame.f_back
    return False
