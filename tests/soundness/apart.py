"""The bank with every component shut off from the others: it works on copies, and hands out copies."""

from __future__ import annotations

import copy
import functools
import types

import numpy as np

from bpframe.extend import Activation, Cost, Layer, Operator

from . import bank

__all__ = ["apart"]

#: What is handed on as it is: a component's own memory, and streams that have to go on.
OWN = ("saved", "rng", "out", "training")


class Apart:
    """A module of which the components come shut off; all else is the module's."""

    def __init__(self, module) -> None:
        object.__setattr__(self, "_module", module)

    def __getattr__(self, name):
        found = getattr(self._module, name)
        if isinstance(found, types.ModuleType):
            return Apart(found)
        if isinstance(found, type) and issubclass(found, Layer | Cost):
            return shut_off(found)
        return found

    def __setattr__(self, name, value) -> None:
        setattr(self._module, name, value)


@functools.cache
def shut_off(cls):
    """Return a subclass whose forward and jacobian work on copies."""
    methods = {name: isolated(getattr(cls, name)) for name in ("forward", "jacobian") if hasattr(cls, name)}
    base = next(each for each in (Activation, Layer, Cost) if issubclass(cls, each))
    return type(base)(cls.__name__, (cls,), {**methods, "__module__": __name__, "kind": cls.kind})


def isolated(method):
    names = method.__code__.co_varnames[: method.__code__.co_argcount + method.__code__.co_kwonlyargcount]

    @functools.wraps(method)
    def shut(self, *given, **named):
        words = [*names[1 : len(given) + 1], *[""] * len(given)]
        given = [each if word in OWN else duplicate(each) for word, each in zip(words, given, strict=False)]
        named = {word: each if word in OWN else duplicate(each) for word, each in named.items()}
        return duplicate(method(self, *given, **named))

    return shut


def duplicate(value):
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, dict | types.MappingProxyType):
        return {name: duplicate(each) for name, each in value.items()}
    if type(value) in (tuple, list):
        return type(value)(duplicate(each) for each in value)
    return copy_of(value) if isinstance(value, Operator) else value


def copy_of(operator):
    """Return an operator with arrays of its own; one of the bank's hands out and takes copies only."""
    made = copy.copy(operator)
    for name in (*fields(type(operator)), *getattr(operator, "__dict__", ())):
        value = getattr(operator, name)
        if isinstance(value, np.ndarray | Operator | tuple | list):
            setattr(made, name, duplicate(value))
    if type(operator).__module__.startswith(bank.__name__):
        made.__class__ = isolated_class(type(operator))
    return made


@functools.cache
def fields(cls):
    """Return the names of a class's slots, without those of the shapes, which may be unset."""
    found = [name for each in cls.__mro__ for name in each.__dict__.get("__slots__", ())]
    return tuple(name for name in found if name not in ("in_shape", "out_shape"))


@functools.cache
def isolated_class(cls):
    def on_copies(name):
        method = getattr(cls, name)

        @functools.wraps(method)
        def product(self, v, out=None):
            return method(self, v.copy()).copy()

        return product

    return type(cls.__name__, (cls,), {name: on_copies(name) for name in ("jvp", "vjp")})


apart = Apart(bank)
