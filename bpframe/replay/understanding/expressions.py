"""Reading an expression: what is known of its value, or a refusal of what is not known to be plain."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, NoReturn, Protocol

from bpframe.replay.understanding.allowed import ARRAY_ATTRIBUTES, may_be_handed_on, operator_names
from bpframe.replay.understanding.source import WORDS, FunctionNode, file_of, local_names, stored_names
from bpframe.replay.understanding.values import ARGUMENT, NEW, Value, element, holding, join

__all__ = ["Expressions", "Refused", "Summary", "World"]


class Refused(Exception):
    """Something in a method that is not understood: the sentence that says what and where."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What callers have to know of a function: the level of its result, and which of out and saved it writes into."""

    level: int
    writes: frozenset[str]


class World(Protocol):
    """What names stand for: what a function that is read asks about everything outside of itself."""

    package: str
    integers: dict[tuple[str, ...], str]
    model_fields: frozenset[str]

    def function(self, function: FunctionType, holder: type | None, first: str) -> Summary: ...
    def operator(self, frame: Expressions, cls: type, node: ast.AST) -> None: ...
    def guard(self, namespace: Any, name: str, thing: Any) -> None: ...
    def owner(self, cls: type, name: str) -> type | None: ...
    def name(self, frame: Expressions, name: str, node: ast.AST) -> Value: ...
    def known(self, frame: Expressions, name: str, thing: Any, node: ast.AST) -> Value: ...
    def attribute(self, frame: Expressions, base: Value, node: ast.Attribute) -> Value: ...
    def call(self, frame: Expressions, node: ast.Call) -> Value: ...
    def uses(self, frame: Expressions, path: tuple[str, ...], node: ast.AST) -> None: ...
    def writes_saved(self, frame: Expressions) -> bool: ...
    def is_operators_name(self, frame: Expressions, name: str) -> bool: ...
    def check_stored(self, frame: Expressions, target: ast.Attribute) -> None: ...


class Expressions(ABC):
    """One function while it is read.

    `world` resolves names and reads the functions that are called; `first` says what the first argument is.
    """

    def __init__(
        self, world: World, function: FunctionType, node: FunctionNode, name: str, holder: type | None, first: str
    ) -> None:
        self.world = world
        self.function = function
        self.name = name
        self.holder = holder
        self.first = first
        self.line = node.lineno
        self.env: dict[str, Value] = {}
        self.returned: Value = NEW
        self.own = ""
        self.written: set[str] = set()  # which of out and saved are written into
        self.leaving: list[list[dict[str, Value]]] = []  # by loop, what is known where it is left or goes on early
        self.locals = local_names(node)
        self._open(node, first)

    def refuse(self, reason: str, node: ast.AST | None = None) -> NoReturn:
        """Refuse the function for what stands at a node."""
        line = getattr(node, "lineno", self.line)
        raise Refused(f"{self.place(line)}: {reason}")

    def place(self, line: int) -> str:
        """Say where a line is."""
        return f"{self.name}, line {line} of {file_of(self.function)}"

    def _open(self, node: FunctionNode, first: str) -> None:
        arguments = node.args
        listed = [*arguments.posonlyargs, *arguments.args]
        for place, each in enumerate(listed):
            if place == 0 and first:
                self.own = each.arg
                self.env[each.arg] = Value(2, role=first, thing=self.holder, other=False)
                continue
            self.env[each.arg] = self._argument(each.arg)
        for each in arguments.kwonlyargs:
            self.env[each.arg] = self._argument(each.arg)
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                self.env[star.arg] = ARGUMENT
        if first and not self.own:
            self.refuse("has no argument that is self alone", node)

    def _argument(self, name: str) -> Value:
        if name == "rng":
            return Value(2, role="rng")
        # Of other methods' own arguments, which they may call as they like, none is theirs to write into.
        buffers = name == "new_state" and (not self.own or self.function.__name__ == "update")
        if name == "out" or buffers or (name == "saved" and self.world.writes_saved(self)):
            return Value(0, role="out" if name == "out" else "", origins=frozenset({name}))
        return ARGUMENT

    # Writes ----------------------------------------------------------------------------------------------------------

    def writable(self, base: Value, node: ast.expr) -> None:
        """Refuse a write into what the function did not make itself."""
        self.written |= base.origins
        if base.level == 2 or base.fixed or base.functions or base.role not in ("", "out"):
            shown = ast.unparse(node)
            self.refuse(f"writes into {shown}, which others hold: write into a copy, out or saved", node)

    def hold(self, value: Value) -> None:
        """Note that a local container now holds a value; any other may be the same container under another name."""
        inside = holding([value])
        if inside == NEW:
            return
        for name, held in self.env.items():
            if not held.fixed and not held.role and not held.functions:
                level = max(held.level, inside.level)
                self.env[name] = replace(held, level=level, origins=held.origins | inside.origins)

    # What statements do ---------------------------------------------------------------------------------------------

    @abstractmethod
    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a value to a target."""

    # Expressions ----------------------------------------------------------------------------------------------------

    def plain(self, node: ast.expr) -> Value:
        """Read an expression whose value goes on as a value: an array, a number, a container."""
        return self.checked(self.eval(node), node)

    def kept(self, source: ast.expr) -> Value:
        """Read an expression that is given to a local name, which may be a function."""
        value = self.eval(source)
        return value if value.functions else self.checked(value, source)

    def checked(self, value: Value, node: ast.expr) -> Value:
        """Refuse what may only be called or asked for its attributes."""
        if value.role in ("self", "super", "module"):
            self.refuse(f"hands {ast.unparse(node)} on", node)
        if value.path and not value.role:
            self.world.uses(self, value.path, node)
        for each in value.functions:
            if not may_be_handed_on(each):
                self.refuse(f"hands the function {ast.unparse(node)} on", node)
        return value

    def eval(self, node: ast.expr) -> Value:
        """Read an expression."""
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is None or not isinstance(node, ast.expr):
            self.refuse(f"has {WORDS.get(type(node).__name__, type(node).__name__)}", node)
        found: Value = method(node)
        return found

    def _Constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str) and node.value.lower() in ("now", "today"):
            self.refuse(f"has {node.value!r}, which NumPy takes for the present time", node)
        return NEW

    def _Name(self, node: ast.Name) -> Value:
        name = node.id
        if name.startswith("__"):
            self.refuse(f"reads {name}", node)
        if name in self.locals:
            return self.env.get(name, ARGUMENT)
        return self.world.name(self, name, node)

    def _Attribute(self, node: ast.Attribute) -> Value:
        base = self.eval(node.value)
        if base.role in ("self", "super", "module", "operator") or (base.functions and not base.other):
            return self.world.attribute(self, base, node)
        name = node.attr
        if name.startswith("_"):
            self.refuse(f"reads .{name}", node)
        if base.path:
            return Value(0, path=(*base.path, name), fixed=True)
        if base.role == "rng" or base.functions:
            self.refuse(f"reads .{name} of {ast.unparse(node.value)}", node)
        if name in ARRAY_ATTRIBUTES:
            return replace(base, role="") if name in ("T", "mT", "real", "imag") else NEW
        if name in operator_names() or self.world.is_operators_name(self, name):
            return ARGUMENT
        return self.refuse(f"reads .{name}, which is no attribute of arrays that is known to be plain", node)

    def _Subscript(self, node: ast.Subscript) -> Value:
        self.plain(node.slice)
        base = self.plain(node.value)
        return element(base)

    def _Slice(self, node: ast.Slice) -> Value:
        self._all(node.lower, node.upper, node.step)
        return NEW

    def _Starred(self, node: ast.Starred) -> Value:
        return element(self.plain(node.value))

    def _Tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        return holding([self.plain(each) for each in node.elts])

    _List = _Set = _Tuple

    def _Dict(self, node: ast.Dict) -> Value:
        values = [self.plain(each) for each in node.values]
        self._all(*node.keys)
        return holding(values)

    def _BinOp(self, node: ast.BinOp) -> Value:
        # Lists and tuples are joined by +, and then hold what both held.
        left, right = self.plain(node.left), self.plain(node.right)
        return Value(1) if 1 in (left.level, right.level) else NEW

    def _UnaryOp(self, node: ast.UnaryOp) -> Value:
        self.plain(node.operand)
        return NEW

    def _BoolOp(self, node: ast.BoolOp) -> Value:
        found = self.plain(node.values[0])
        for each in node.values[1:]:
            found = join(found, self.plain(each))
        return found

    def _Compare(self, node: ast.Compare) -> Value:
        compared = [node.left, *node.comparators]
        self._all(*compared)
        for operation, one, other in zip(node.ops, compared, compared[1:], strict=False):
            if isinstance(operation, ast.Is | ast.IsNot) and not (_is_single(one) or _is_single(other)):
                self.refuse(f"asks whether two things are one object: {ast.unparse(node)}", node)
        return NEW

    def _IfExp(self, node: ast.IfExp) -> Value:
        self.plain(node.test)
        return join(self.kept(node.body), self.kept(node.orelse))

    def _NamedExpr(self, node: ast.NamedExpr) -> Value:
        self.bind(node.target, self.kept(node.value))
        return self.env[node.target.id]

    def _JoinedStr(self, node: ast.JoinedStr) -> Value:
        self._all(*node.values)
        return NEW

    def _FormattedValue(self, node: ast.FormattedValue) -> Value:
        self._all(node.value, node.format_spec)
        return NEW

    def _ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        return self._comprehension(node.generators, node.elt)

    _SetComp = _GeneratorExp = _ListComp

    def _DictComp(self, node: ast.DictComp) -> Value:
        return self._comprehension(node.generators, node.value, node.key)

    def _comprehension(self, generators: list[ast.comprehension], *results: ast.expr) -> Value:
        names, env = self.locals, dict(self.env)
        for each in generators:
            if each.is_async:
                self.refuse("is asynchronous", each.iter)
            over = self.plain(each.iter)
            self.locals = self.locals | stored_names(each.target)
            if self.own in stored_names(each.target):
                self.refuse(f"writes {self.own}", each.target)
            self.bind(each.target, element(over))
            self._all(*each.ifs)
        found = holding([self.plain(results[0])])
        self._all(*results[1:])
        bound, self.locals, self.env = self.locals - names, names, self.env
        # What the comprehension bound is gone; what it did to the function's own names stays.
        shadowed = bound | {name for each in generators for name in stored_names(each.target)}
        self.env = {
            **{name: value for name, value in self.env.items() if name not in shadowed},
            **{name: value for name, value in env.items() if name in shadowed},
        }
        return found

    def _all(self, *nodes: ast.expr | None) -> None:
        for each in nodes:
            if each is not None:
                self.plain(each)

    def _Call(self, node: ast.Call) -> Value:
        return self.world.call(self, node)


def _is_single(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or type(node.value) is bool)
