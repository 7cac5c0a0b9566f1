"""What names stand for, and which calls are allowed, while the methods of one class are read."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Mapping
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from bpframe.replay.understanding import allowed
from bpframe.replay.understanding.allowed import ours, own_package
from bpframe.replay.understanding.calls import read_call
from bpframe.replay.understanding.expressions import Expressions, Refused, Summary
from bpframe.replay.understanding.source import Unreadable, file_of, tree_of
from bpframe.replay.understanding.statements import Frame
from bpframe.replay.understanding.values import ARGUMENT, Bound, Code, Value

__all__ = ["Reader"]

#: Methods that decide what an attribute is.
_DECIDING = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__")

#: What Python itself puts into a class.
_MADE = frozenset({"__annotate__", "__annotate_func__", "__class_getitem__", "__init_subclass__"})

_MODULES = ("numpy", "scipy", "math", "itertools", "typing")


class Reader:
    """Reads methods of one component class, and whatever of its package they call.

    `reads` are the objects that were read by name, `fields` where each field (and what of it) is read; `integers` are
    fields that have to be whole numbers. `spaces` are the namespaces of earlier readings of the class.
    """

    def __init__(self, cls: type, fields: frozenset[str], spaces: dict[int, tuple[object, Mapping[str, Any]]]) -> None:
        self.cls = cls
        self.model_fields = fields
        self.package = cls.__module__.split(".")[0]
        self.reads: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self.found_by: tuple[tuple[Mapping[str, Any], str, Any], ...] = ()
        self.fields: dict[tuple[str, ...], str] = {}
        self.integers: dict[tuple[str, ...], str] = {}
        self._spaces = spaces
        self._read: dict[tuple[FunctionType, type | None, str], Summary] = {}
        self._operators: set[type] = set()
        self._reading: FunctionType | None = None  # the method, where it reads what forward saved

    # Functions ------------------------------------------------------------------------------------------------------

    def method(self, name: str) -> None:
        """Read one method of the class."""
        for each in _DECIDING:
            owner = _owner(self.cls, each)
            if owner is not None and not ours(owner) and owner is not object:
                raise Refused(f"{name}: {owner.__name__} defines {each}, which decides what its attributes are")
        if not allowed.has_plain_metaclass(self.cls):
            raise Refused(f"{name}: the metaclass of {self.cls.__name__} has code of its own")
        owner = self._owner(self.cls, name)
        function = vars(owner)[name] if owner is not None else None
        if owner is None or not isinstance(function, FunctionType):
            raise Refused(f"{name}: it is not a plain method")
        if not own_package(owner.__module__, self.package):
            raise Refused(f"{name}: it is inherited from {owner.__name__} of another package, {owner.__module__}")
        self.guard(owner, name, function)
        # Whoever calls the method holds it already, replaced in its class or not.
        self.found_by, self.reads = tuple(self.reads.values()), {}
        self._reading = function if name in _READING else None
        self.function(function, self.cls, "self")

    def function(self, function: FunctionType, holder: type | None, first: str) -> Summary:
        """Read a function once."""
        key = (function, holder, first)
        if key in self._read:
            return self._read[key]
        self._read[key] = Summary(2, frozenset({"out", "saved"}))  # until it is known, where it calls itself
        code = function.__code__
        kept = self._spaces.setdefault(id(function), (function, Code(function)))[1]
        for each in ("__code__", "__defaults__", "__kwdefaults__"):
            if (held := getattr(function, each)) is not None:
                self.reads[id(kept), each] = (kept, each, held)
        name = code.co_name if holder is self.cls else getattr(code, "co_qualname", code.co_name).split("<locals>.")[-1]
        try:
            node = tree_of(function)
        except Unreadable as error:
            raise Refused(f"{name}, line {code.co_firstlineno} of {file_of(function)}: {error}") from None
        frame = Frame(self, function, node, name, holder, first)
        if getattr(function, "__builtins__", None) is not vars(builtins):
            frame.refuse("has builtins of its own")
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            why = allowed.unchanging(default)
            if why is not None and not allowed.may_be_handed_on(default):
                frame.refuse(f"has a default that is {why}")
        level = frame.read(node)
        self._read[key] = summary = Summary(level, frozenset(frame.written))
        return summary

    def operator(self, frame: Expressions, cls: type, node: ast.AST) -> None:
        """Read every method of an operator class of the component's package."""
        if cls in self._operators or cls in allowed.trusted():
            return
        if not allowed.has_plain_metaclass(cls):
            frame.refuse(f"uses {cls.__name__}, whose metaclass has code of its own", node)
        self._operators.add(cls)
        for each in cls.__mro__:
            if ours(each) or each is object:
                continue
            if not own_package(each.__module__, self.package):
                frame.refuse(f"uses {each.__name__} of another package, {each.__module__}", node)
            for name, raw in tuple(vars(each).items()):
                if name in _DECIDING or name == "__new__":
                    frame.refuse(f"uses {each.__name__}, which defines {name}", node)
                if name in _MADE:
                    continue
                if isinstance(raw, property):
                    if raw.fset is not None or not isinstance(raw.fget, FunctionType):
                        frame.refuse(f"uses {each.__name__}, whose {name} is no plain property", node)
                    self.guard(each, name, raw)
                    self.function(raw.fget, cls, "operator")
                elif isinstance(raw, FunctionType):
                    self.guard(each, name, raw)
                    writes = self.function(raw, cls, "operator").writes
                    if "saved" in writes or (writes and name in allowed.operator_names() and not _takes_out(raw)):
                        frame.refuse(f"uses {each.__name__}, whose {name} writes into an argument", node)
                elif (callable(raw) or hasattr(raw, "__get__")) and not _is_passive(raw):
                    frame.refuse(f"uses {each.__name__}, whose {name} is no plain function", node)
                elif not name.startswith("_") and not inspect.ismemberdescriptor(raw) and allowed.unchanging(raw):
                    frame.refuse(f"uses {each.__name__}, whose {name} is {allowed.unchanging(raw)}", node)

    # Names ----------------------------------------------------------------------------------------------------------

    def guard(self, namespace: Any, name: str, thing: Any) -> None:
        """Note that `thing` was read: it has to be the same in every pass. None: there is nothing of this name."""
        if isinstance(namespace, type):  # vars() makes a new view of a class each time
            kept = self._spaces.setdefault(id(namespace), (namespace, vars(namespace)))[1]
        else:
            kept = self._spaces.setdefault(id(namespace), (namespace, namespace))[1]
        self.reads[id(kept), name] = (kept, name, thing)

    def _owner(self, cls: type, name: str) -> type | None:
        """Return the class that an attribute is found in, and note that those asked before have none of its name."""
        owner = _owner(cls, name)
        for each in cls.__mro__[: cls.__mro__.index(owner)] if owner is not None else ():
            self.guard(each, name, None)
        return owner

    def name(self, frame: Expressions, name: str, node: ast.AST) -> Value:
        """Return what a name that is not local stands for."""
        function = frame.function
        if name in function.__code__.co_freevars:
            frame.refuse(f"reads {name}, a variable of a function around it", node)
        if name in function.__globals__:
            thing = function.__globals__[name]
            self.guard(function.__globals__, name, thing)
            return self._known(frame, name, thing, node)
        if hasattr(builtins, name):
            self.guard(function.__globals__, name, None)
            if not callable(getattr(builtins, name)):
                self.guard(vars(builtins), name, getattr(builtins, name))
            return self._known(frame, name, getattr(builtins, name), node)
        return frame.refuse(f"reads {name}, which is nothing", node)

    def _known(self, frame: Expressions, name: str, thing: Any, node: ast.AST) -> Value:
        if isinstance(thing, ModuleType):
            if thing.__name__.split(".")[0] not in _MODULES and not own_package(thing.__name__, self.package):
                frame.refuse(f"reads {name}, the module {thing.__name__}", node)
            return Value(2, role="module", thing=thing, other=False)
        why = allowed.unchanging(thing)
        if why is None:
            callable_ = (thing,) if isinstance(thing, type) else ()
            return Value(0, callable_, fixed=True, other=not callable_)
        if isinstance(thing, type | np.ufunc | FunctionType) or id(thing) in allowed.functions():
            return Value(2, (thing,), other=False)
        if thing is np.random.default_rng:
            return Value(2, (thing,), other=False)
        if callable(thing) and (inspect.isbuiltin(thing) or hasattr(thing, "_implementation")):
            return Value(2, (thing,), other=False)
        return frame.refuse(f"reads {name}, {why}", node)

    # Attributes -----------------------------------------------------------------------------------------------------

    def attribute(self, frame: Expressions, base: Value, node: ast.Attribute) -> Value:
        """Return what an attribute of a module, a class, a function or of self stands for."""
        name = node.attr
        constructs = base.role == "super" and name == "__init__" and frame.function.__code__.co_name == name
        if name.startswith("__") and not constructs:
            return frame.refuse(f"reads .{name}", node)
        if base.role == "module":
            return self._of_module(frame, base.thing, name, node)
        if base.role == "super":
            return self._of_super(frame, base, name, node)
        if base.role in ("self", "operator"):
            return self._of_self(frame, base, name, node)
        if len(base.functions) == 1 and isinstance(base.functions[0], type):
            return self._of_class(frame, base.functions[0], name, node)
        if name in allowed.UFUNC_METHODS and all(isinstance(each, np.ufunc) for each in base.functions):
            return Value(2, tuple(getattr(each, name) for each in base.functions), other=False)
        if name == "at" and all(isinstance(each, np.ufunc) for each in base.functions):
            return frame.refuse(f"calls {ast.unparse(node)}, which writes into an array", node)
        return frame.refuse(f"reads {ast.unparse(node)}", node)

    def _of_module(self, frame: Expressions, module: ModuleType, name: str, node: ast.AST) -> Value:
        shown = f"{module.__name__}.{name}"
        if module.__name__.split(".")[0] in _MODULES:
            try:
                thing = getattr(module, name)
            except AttributeError:
                return frame.refuse(f"reads {shown}, which does not exist", node)
            if module.__name__ == "numpy.random" and name != "default_rng":
                frame.refuse(f"reads {shown}: random numbers come from rng", node)
            if vars(module).get(name) is thing:  # else the module makes it when it is asked
                self.guard(vars(module), name, thing)
            return self._known(frame, shown, thing, node)
        if name not in vars(module):
            return frame.refuse(f"reads {shown}, which does not exist", node)
        self.guard(vars(module), name, vars(module)[name])
        return self._known(frame, shown, vars(module)[name], node)

    def _of_super(self, frame: Expressions, base: Value, name: str, node: ast.AST) -> Value:
        cls, after = base.thing
        mro = cls.__mro__
        for owner in mro[mro.index(after) + 1 :]:
            if name not in vars(owner):
                self.guard(owner, name, None)
            else:
                if owner is object and name == "__init__":
                    return Value(2, (Bound(None, None, ""),), other=False)
                return self._member(frame, cls, owner, name, base.path[0], node)
        return frame.refuse(f"reads super().{name}, which does not exist", node)

    def _of_self(self, frame: Expressions, base: Value, name: str, node: ast.AST) -> Value:
        cls = base.thing
        owner = self._owner(cls, name)
        if base.role == "self" and name in self.model_fields and owner is None:
            return Value(0, path=(name,), fixed=True)
        if owner is not None:
            return self._member(frame, cls, owner, name, base.role, node)
        if base.role == "operator" and any(
            name in _set_in_init(each) for each in cls.__mro__ if not ours(each) and each is not object
        ):
            return ARGUMENT
        return frame.refuse(f"reads self.{name}, which is no field", node)

    def _member(self, frame: Expressions, cls: type, owner: type, name: str, role: str, node: ast.AST) -> Value:
        raw = vars(owner)[name]
        if ours(owner) and role == "operator":
            if isinstance(raw, FunctionType | classmethod | staticmethod):
                return Value(2, (Bound(None, None, ""),), other=False)
            return ARGUMENT
        if not own_package(owner.__module__, self.package):
            return frame.refuse(f"reads self.{name} of {owner.__name__}, of another package, {owner.__module__}", node)
        self.guard(owner, name, raw)
        if ours(owner) and allowed.unchanging(raw) is not None:
            return frame.refuse(f"reads self.{name} of {owner.__name__}", node)
        if isinstance(raw, FunctionType):
            return Value(2, (Bound(raw, cls, role),), other=False)
        if isinstance(raw, staticmethod) and isinstance(raw.__func__, FunctionType):
            return Value(2, (Bound(raw.__func__, cls, ""),), other=False)
        if isinstance(raw, property) and isinstance(raw.fget, FunctionType):
            self.function(raw.fget, cls, role)
            return ARGUMENT
        if isinstance(raw, cached_property) and role == "self" and isinstance(raw.func, FunctionType):
            self.function(raw.func, cls, role)
            return Value(0, path=(name,), fixed=True)
        why = allowed.unchanging(raw)
        if why is None:
            return Value(0, fixed=True)
        if allowed.is_ufunc(raw):
            return Value(2, (raw,), other=False)
        return frame.refuse(f"reads self.{name}, {why}", node)

    def _of_class(self, frame: Expressions, cls: type, name: str, node: ast.AST) -> Value:
        owner = self._owner(cls, name)
        if owner is None or not allowed.has_plain_metaclass(cls) or issubclass(cls, type):
            return frame.refuse(f"reads {ast.unparse(node)}", node)
        if cls in allowed.trusted():
            return Value(2, (Bound(None, None, ""),), other=False)
        if not own_package(owner.__module__, self.package):
            return frame.refuse(f"reads {ast.unparse(node)}", node)
        raw = vars(owner)[name]
        if isinstance(raw, staticmethod) and isinstance(raw.__func__, FunctionType) and not ours(owner):
            self.guard(owner, name, raw)
            return Value(2, (Bound(raw.__func__, cls, ""),), other=False)
        if allowed.unchanging(raw) is None:
            self.guard(owner, name, raw)
            return Value(0, fixed=True)
        return frame.refuse(f"reads {ast.unparse(node)}, {allowed.unchanging(raw)}", node)

    # What frames ask ------------------------------------------------------------------------------------------------

    def uses(self, frame: Expressions, path: tuple[str, ...], node: ast.AST) -> None:
        """Note that a field is read."""
        line = getattr(node, "lineno", frame.line)
        self.fields.setdefault(path, frame.place(line))

    def writes_saved(self, frame: Expressions) -> bool:
        """Whether a function may write into `saved`: forward fills it, and what forward calls with it."""
        return frame.function is not self._reading

    def is_operators_name(self, frame: Expressions, name: str) -> bool:
        """Whether a name is an attribute of an operator class of the function's own module, which is then read."""
        function = frame.function
        having = [
            each
            for each in function.__globals__.values()
            if allowed.is_operator(each) and not ours(each) and own_package(each.__module__, self.package)
            if any(name in vars(owner) or name in _set_in_init(owner) for owner in each.__mro__ if not ours(owner))
        ]
        for each in having:
            self.operator(frame, each, ast.Pass(lineno=frame.line))
            owner = _owner(each, name)
            raw = vars(owner)[name] if owner is not None else None
            if isinstance(raw, FunctionType) and self.function(raw, each, "operator").writes:
                frame.refuse(f"uses .{name} of {each.__name__}, which writes into an argument")
        return bool(having)

    def check_stored(self, frame: Expressions, target: ast.Attribute) -> None:
        """Refuse an attribute whose setting runs code of the class."""
        owner = _owner(frame.holder, target.attr) if frame.holder is not None else None
        raw = vars(owner)[target.attr] if owner is not None and not ours(owner) else None
        if hasattr(raw, "__set__") and not inspect.ismemberdescriptor(raw):
            frame.refuse(f"writes self.{target.attr}, which is a descriptor", target)

    def call(self, frame: Expressions, node: ast.Call) -> Value:
        """Read a call."""
        return read_call(frame, node)


#: Methods that only read `saved`.
_READING = frozenset({"jacobian", "hessian", "second_order", "second_derivative"})


def _is_passive(raw: object) -> bool:
    """Whether what stands in a class runs no code of the class: a slot, or a class."""
    return isinstance(raw, type) or inspect.ismemberdescriptor(raw) or inspect.isgetsetdescriptor(raw)


def _takes_out(function: FunctionType) -> bool:
    """Whether a method takes (self, argument, out), as jvp, vjp and sum_vjp do."""
    code = function.__code__
    return code.co_argcount == 3 and code.co_varnames[2] == "out" and code.co_name in ("jvp", "vjp", "sum_vjp")


def _owner(cls: type, name: str) -> type | None:
    return next((each for each in cls.__mro__ if name in vars(each)), None)


def _set_in_init(cls: type) -> frozenset[str]:
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
