"""What attributes of modules, classes, functions and of self stand for."""

from __future__ import annotations

import ast
from functools import cached_property
from types import FunctionType, ModuleType

import numpy as np

from bpframe.replay.understanding import allowed
from bpframe.replay.understanding.allowed import ours, own_package
from bpframe.replay.understanding.expressions import Expressions
from bpframe.replay.understanding.source import Unreadable, tree_of
from bpframe.replay.understanding.values import ARGUMENT, Bound, Value

__all__ = ["MODULES", "read_attribute", "set_in_init"]

#: Modules of others that names may be read from.
MODULES = ("numpy", "scipy", "math", "itertools", "typing")


def read_attribute(frame: Expressions, base: Value, node: ast.Attribute) -> Value:
    """Return what an attribute of a module, a class, a function or of self stands for."""
    name = node.attr
    constructs = base.role == "super" and name == "__init__" and frame.function.__code__.co_name == name
    if name.startswith("__") and not constructs:
        return frame.refuse(f"reads .{name}", node)
    if base.role == "module":
        return _of_module(frame, base.thing, name, node)
    if base.role == "super":
        return _of_super(frame, base, name, node)
    if base.role in ("self", "operator"):
        return _of_self(frame, base, name, node)
    if len(base.functions) == 1 and isinstance(base.functions[0], type):
        return _of_class(frame, base.functions[0], name, node)
    if name in allowed.UFUNC_METHODS and all(isinstance(each, np.ufunc) for each in base.functions):
        return Value(2, tuple(getattr(each, name) for each in base.functions), other=False)
    if name == "at" and all(isinstance(each, np.ufunc) for each in base.functions):
        return frame.refuse(f"calls {ast.unparse(node)}, which writes into an array", node)
    return frame.refuse(f"reads {ast.unparse(node)}", node)


def _of_module(frame: Expressions, module: ModuleType, name: str, node: ast.AST) -> Value:
    shown = f"{module.__name__}.{name}"
    if module.__name__.split(".")[0] in MODULES:
        try:
            thing = getattr(module, name)
        except AttributeError:
            return frame.refuse(f"reads {shown}, which does not exist", node)
        if module.__name__ == "numpy.random" and name != "default_rng":
            frame.refuse(f"reads {shown}: random numbers come from rng", node)
        if vars(module).get(name) is thing:  # else the module makes it when it is asked
            frame.world.guard(vars(module), name, thing)
        return frame.world.known(frame, shown, thing, node)
    if name not in vars(module):
        return frame.refuse(f"reads {shown}, which does not exist", node)
    frame.world.guard(vars(module), name, vars(module)[name])
    return frame.world.known(frame, shown, vars(module)[name], node)


def _of_super(frame: Expressions, base: Value, name: str, node: ast.AST) -> Value:
    cls, after = base.thing
    mro = cls.__mro__
    for owner in mro[mro.index(after) + 1 :]:
        if name not in vars(owner):
            frame.world.guard(owner, name, None)
        else:
            if owner is object and name == "__init__":
                return Value(2, (Bound(None, None, ""),), other=False)
            return _member(frame, cls, owner, name, base.path[0], node)
    return frame.refuse(f"reads super().{name}, which does not exist", node)


def _of_self(frame: Expressions, base: Value, name: str, node: ast.AST) -> Value:
    cls = base.thing
    owner = frame.world.owner(cls, name)
    if base.role == "self" and name in frame.world.model_fields and owner is None:
        return Value(0, path=(name,), fixed=True)
    if owner is not None:
        return _member(frame, cls, owner, name, base.role, node)
    if base.role == "operator" and any(
        name in set_in_init(each) for each in cls.__mro__ if not ours(each) and each is not object
    ):
        return ARGUMENT
    return frame.refuse(f"reads self.{name}, which is no field", node)


def _member(frame: Expressions, cls: type, owner: type, name: str, role: str, node: ast.AST) -> Value:
    raw = vars(owner)[name]
    if ours(owner) and role == "operator":
        if isinstance(raw, FunctionType | classmethod | staticmethod):
            return Value(2, (Bound(None, None, ""),), other=False)
        return ARGUMENT
    if not own_package(owner.__module__, frame.world.package):
        return frame.refuse(f"reads self.{name} of {owner.__name__}, of another package, {owner.__module__}", node)
    frame.world.guard(owner, name, raw)
    if ours(owner) and allowed.unchanging(raw) is not None:
        return frame.refuse(f"reads self.{name} of {owner.__name__}", node)
    if isinstance(raw, FunctionType):
        return Value(2, (Bound(raw, cls, role),), other=False)
    if isinstance(raw, staticmethod) and isinstance(raw.__func__, FunctionType):
        return Value(2, (Bound(raw.__func__, cls, ""),), other=False)
    if isinstance(raw, property) and isinstance(raw.fget, FunctionType):
        frame.world.function(raw.fget, cls, role)
        return ARGUMENT
    if isinstance(raw, cached_property) and role == "self" and isinstance(raw.func, FunctionType):
        frame.world.function(raw.func, cls, role)
        return Value(0, path=(name,), fixed=True)
    why = allowed.unchanging(raw)
    if why is None:
        return Value(0, fixed=True)
    if allowed.is_ufunc(raw):
        return Value(2, (raw,), other=False)
    return frame.refuse(f"reads self.{name}, {why}", node)


def _of_class(frame: Expressions, cls: type, name: str, node: ast.AST) -> Value:
    owner = frame.world.owner(cls, name)
    if owner is None or not allowed.has_plain_metaclass(cls) or issubclass(cls, type):
        return frame.refuse(f"reads {ast.unparse(node)}", node)
    if cls in allowed.trusted():
        return Value(2, (Bound(None, None, ""),), other=False)
    if not own_package(owner.__module__, frame.world.package):
        return frame.refuse(f"reads {ast.unparse(node)}", node)
    raw = vars(owner)[name]
    if isinstance(raw, staticmethod) and isinstance(raw.__func__, FunctionType) and not ours(owner):
        frame.world.guard(owner, name, raw)
        return Value(2, (Bound(raw.__func__, cls, ""),), other=False)
    if allowed.unchanging(raw) is None:
        frame.world.guard(owner, name, raw)
        return Value(0, fixed=True)
    return frame.refuse(f"reads {ast.unparse(node)}, {allowed.unchanging(raw)}", node)


def set_in_init(cls: type) -> frozenset[str]:
    """Return the attributes that a class's own constructor sets."""
    function = vars(cls).get("__init__")
    if not isinstance(function, FunctionType):
        return frozenset()
    try:
        tree = tree_of(function)
    except Unreadable:
        return frozenset()
    return frozenset(
        each.attr
        for each in ast.walk(tree)
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Store)
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
    )
