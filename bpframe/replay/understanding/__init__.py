"""May the methods of a component be repeated from a record of their NumPy calls?

What a record holds is the calls that were seen once. It says the same as the code only where the code is nothing but
such calls, on its arguments, its fields, constants and `saved`. So the code is read: once for each class, as a syntax
tree, and with it the functions of its own package that it calls. Whatever is not known to be plain is refused, with its
line. Start with `statements.py`, then `expressions.py`; `allowed.py` lists what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bpframe.core.backprop.steps import Reads, Understanding
from bpframe.core.component.base import Component
from bpframe.replay.understanding.allowed import ARRAY_ATTRIBUTES, unchanging
from bpframe.replay.understanding.expressions import Refused
from bpframe.replay.understanding.names import Reader
from bpframe.validation.model import Validated

__all__ = ["understand"]

#: The attribute of a class in which its readings are kept.
_KEPT = "__bpframe_readings__"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the code of one class's method says, whatever the fields hold."""

    why: str | None
    reads: Reads
    found_by: Reads  # the method's own names in its classes
    fields: Mapping[tuple[str, ...], str]
    integers: Mapping[tuple[str, ...], str]

    def holds(self) -> bool:
        """Whether every name still stands for what was read, and arrays are as little to be written as they were."""
        return all(
            space.get(name) is thing and not (isinstance(thing, np.ndarray) and (self.why or unchanging(thing)))
            for space, name, thing in (*self.reads, *self.found_by)
        )


class _Kept:
    """The readings of a class, kept on it so that they go with it; they are not pickled where a class is, by value."""

    def __init__(self) -> None:
        self.readings: dict[str, _Reading] = {}
        self.spaces: dict[int, tuple[object, Mapping[str, Any]]] = {}

    def __reduce__(self) -> tuple[type[_Kept], tuple[()]]:
        return (_Kept, ())


def understand(component: Component, methods: Iterable[str]) -> Understanding:
    """Return whether these methods of a component are understood, or why not.

    A class with `pure = True` is believed, one with `pure = False` is called.
    """
    cls = type(component)
    if cls.pure is not None:
        return Understanding(None if cls.pure else "it says that its methods are not pure", {})
    found: dict[str, Reads] = {}
    for method in methods:
        reading = _reading(cls, method)
        why = reading.why or _why_fields(component, method, reading)
        if why is not None:
            return Understanding(why, {})
        held = vars(component)
        fields = {name: (held, name, held[name]) for name, *_ in (*reading.fields, *reading.integers)}
        found[method] = tuple(sorted((*reading.reads, *fields.values()), key=lambda each: id(each[0])))
    return Understanding(None, found)


def _reading(cls: type[Component], method: str) -> _Reading:
    kept: _Kept | None = cls.__dict__.get(_KEPT)
    if kept is None:
        kept = _Kept()
        type.__setattr__(cls, _KEPT, kept)
    reading = kept.readings.get(method)
    if reading is None or not reading.holds():
        reader = Reader(cls, frozenset(cls.model_fields), kept.spaces)
        try:
            reader.method(method)
            why = None
        except Refused as error:
            why = str(error)
        reading = kept.readings[method] = _Reading(
            why, tuple(reader.reads.values()), reader.found_by, reader.fields, reader.integers
        )
    return reading


# Fields ---------------------------------------------------------------------------------------------------------------


def _why_fields(component: Component, method: str, reading: _Reading) -> str | None:
    if not _is_frozen(component):
        return f"{method}: the fields of {type(component).__name__} can change: it is not frozen"
    for name in vars(component):
        if name not in type(component).model_fields and not _is_cached(type(component), name):
            return f"{method}: the instance has an attribute {name} that is no field"
    for path, where in reading.fields.items():
        why = _why_field(component, path)
        if why is not None:
            shown = ".".join(each for each in path if each != "()")
            return f"{where}: reads self.{shown}, {why}"
    for path, where in reading.integers.items():
        if type(_at(component, path)) is not int:
            return f"{where}: makes a random generator without a seed"
    return None


def _why_field(component: Component, path: tuple[str, ...]) -> str | None:
    value: Any = component
    for name in path:
        if name == "()":  # a method of the value is called
            break
        if isinstance(value, Validated):
            if name not in type(value).model_fields and not (value is component and _is_cached(type(value), name)):
                return f"which has no field {name}"
            if not _is_frozen(value):
                return f"a {type(value).__name__} that is not frozen"
            value = getattr(value, name)
        elif name not in ARRAY_ATTRIBUTES:
            return f"a {type(value).__name__} of which .{name} is read"
        else:
            value = getattr(value, name)
    return unchanging(value)


def _is_frozen(value: Validated) -> bool:
    return value.model_config.get("frozen") is True and value.model_config.get("extra") != "allow"


def _at(component: Component, path: tuple[str, ...]) -> Any:
    value: Any = component
    for name in path:
        value = getattr(value, name)
    return value


def _is_cached(cls: type, name: str) -> bool:
    return any(isinstance(vars(each).get(name), cached_property) for each in cls.__mro__)
