"""What names stand for, and which calls are allowed, while the methods of one class are read."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from bpframe.replay.understanding import allowed
from bpframe.replay.understanding.allowed import ours, own_package
from bpframe.replay.understanding.attributes import MODULES, read_attribute, set_in_init
from bpframe.replay.understanding.calls import read_call
from bpframe.replay.understanding.expressions import Expressions, Refused, Summary
from bpframe.replay.understanding.source import Unreadable, file_of, tree_of
from bpframe.replay.understanding.statements import Frame
from bpframe.replay.understanding.values import Code, Value

__all__ = ["Reader"]

#: Methods that decide what an attribute is.
_DECIDING = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__")

#: What Python itself puts into a class.
_MADE = frozenset({"__annotate__", "__annotate_func__", "__class_getitem__", "__init_subclass__"})


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
        owner = self.owner(self.cls, name)
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
        self._read[key] = Summary(
            2, frozenset({"out", "saved", "new_state"})
        )  # until it is known, where it calls itself
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

    def owner(self, cls: type, name: str) -> type | None:
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
            return self.known(frame, name, thing, node)
        if hasattr(builtins, name):
            self.guard(function.__globals__, name, None)
            if not callable(getattr(builtins, name)):
                self.guard(vars(builtins), name, getattr(builtins, name))
            return self.known(frame, name, getattr(builtins, name), node)
        return frame.refuse(f"reads {name}, which is nothing", node)

    def known(self, frame: Expressions, name: str, thing: Any, node: ast.AST) -> Value:
        """Return what is known of a thing that was read by name."""
        if isinstance(thing, ModuleType):
            if thing.__name__.split(".")[0] not in MODULES and not own_package(thing.__name__, self.package):
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

    def attribute(self, frame: Expressions, base: Value, node: ast.Attribute) -> Value:
        """Read an attribute."""
        return read_attribute(frame, base, node)

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
            if any(name in vars(owner) or name in set_in_init(owner) for owner in each.__mro__ if not ours(owner))
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
