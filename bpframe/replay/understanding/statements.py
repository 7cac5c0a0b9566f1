"""Reading a function: whether its syntax tree holds array calls on what it is given, and nothing else.

Statements are followed in order, with what is known of every local name; loops are read until nothing new is learnt.
Whatever is not named here is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from bpframe.replay.understanding.expressions import Expressions
from bpframe.replay.understanding.source import WORDS, FunctionNode
from bpframe.replay.understanding.values import NEW, Value, element, join

__all__ = ["Frame"]


class Frame(Expressions):
    """One function while its statements are read."""

    # The function ---------------------------------------------------------------------------------------------------

    def read(self, node: FunctionNode) -> int:
        """Read the body; return the level of what is returned."""
        if isinstance(node, ast.AsyncFunctionDef):
            self.refuse("is asynchronous", node)
        self._block(node.body)
        return 2 if self.returned.fixed else self.returned.level

    # Statements -----------------------------------------------------------------------------------------------------

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.line = statement.lineno
            method = getattr(self, f"_{type(statement).__name__}", None)
            if method is None:
                self.refuse(f"has {WORDS.get(type(statement).__name__, type(statement).__name__)}", statement)
            method(statement)

    def _Pass(self, node: ast.Pass) -> None: ...

    def _Break(self, node: ast.Break | ast.Continue) -> None:
        self.leaving[-1].append(dict(self.env))

    _Continue = _Break

    def _Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.plain(node.value)

    def _Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.returned = join(self.returned, self.plain(node.value))

    def _Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assign_from(target, node.value)

    def _AnnAssign(self, node: ast.AnnAssign) -> None:
        if not isinstance(node.target, ast.Name):
            self.refuse("has an annotation that is no local name's", node)
        if node.value is not None:
            self._assign_from(node.target, node.value)

    def _AugAssign(self, node: ast.AugAssign) -> None:
        added = self.plain(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            if target.id not in self.locals:
                self.refuse(f"writes {target.id}, which is no local name", node)
            held = self.plain(ast.copy_location(ast.Name(target.id, ast.Load()), target))
            if held.level == 2 and not held.fixed:
                self.refuse(f"changes {target.id} in place, which others hold: {target.id} = {target.id} ...", node)
            self.written |= held.origins
            if added.level == 1:
                self.hold(added)
            self.env[target.id] = Value(1 if held.level or held.fixed or added.level else 0, origins=held.origins)
        elif isinstance(target, ast.Subscript):
            self._store(target, added)
        else:
            self.refuse(self._attribute_store(target), node)

    def _If(self, node: ast.If) -> None:
        self.plain(node.test)
        before = dict(self.env)
        self._block(node.body)
        after, self.env = self.env, before
        self._block(node.orelse)
        self._merge(after)

    def _While(self, node: ast.While) -> None:
        def once() -> None:
            self.plain(node.test)
            self._block(node.body)

        self._repeat(once)
        self._block(node.orelse)

    def _For(self, node: ast.For) -> None:
        over = self.plain(node.iter)

        def once() -> None:
            self.bind(node.target, element(over))
            self._block(node.body)

        self._repeat(once)
        self._block(node.orelse)

    def _repeat(self, once: Callable[[], None]) -> None:
        while True:
            before = dict(self.env)
            self.leaving.append([])
            once()
            for each in (before, *self.leaving.pop()):
                self._merge(each)
            if self.env == before:
                return

    def _Raise(self, node: ast.Raise) -> None:
        for each in (node.exc, node.cause):
            if each is None:
                continue
            value = self.eval(each)
            if not all(isinstance(one, type) and issubclass(one, Exception) for one in value.functions):
                self.refuse("raises what is no error", node)

    def _Assert(self, node: ast.Assert) -> None:
        self.plain(node.test)
        if node.msg is not None:
            self.plain(node.msg)

    def _With(self, node: ast.With) -> None:
        for each in node.items:
            call = each.context_expr
            if each.optional_vars is not None or not isinstance(call, ast.Call):
                self.refuse("has a with statement other than np.errstate", node)
            if self.eval(call.func).functions != (np.errstate,):
                self.refuse("has a with statement other than np.errstate", node)
            for value in (*call.args, *(keyword.value for keyword in call.keywords)):
                if not isinstance(value, ast.Constant) or value.value != "ignore":
                    self.refuse("asks NumPy to do more than ignore floating-point errors", node)
        self._block(node.body)

    # Assignment -----------------------------------------------------------------------------------------------------

    def _assign_from(self, target: ast.expr, source: ast.expr) -> None:
        if not (isinstance(target, ast.Tuple | ast.List) and isinstance(source, ast.Tuple)):
            self.bind(target, self.kept(source))
            return
        if len(target.elts) != len(source.elts) or _starred(*target.elts, *source.elts):
            self.bind(target, self.kept(source))
            return
        values = [self.kept(each) for each in source.elts]
        for each, value in zip(target.elts, values, strict=True):
            self.bind(each, value)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a value to a target."""
        if isinstance(target, ast.Name):
            if target.id not in self.locals:
                self.refuse(f"writes {target.id}, which is no local name", target)
            if target.id == self.own:
                self.refuse(f"writes {target.id}", target)
            self.env[target.id] = replace(value, path=())
        elif isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                if isinstance(each, ast.Starred):
                    self.bind(each.value, Value(1) if value.level or value.fixed else NEW)
                else:
                    self.bind(each, element(value))
        elif isinstance(target, ast.Subscript):
            if value.functions:
                self.checked(value, target)
            self._store(target, value)
        elif isinstance(target, ast.Attribute) and self._constructs(target):
            self.world.check_stored(self, target)
            self.checked(value, target)
        else:
            self.refuse(self._attribute_store(target), target)

    def _constructs(self, target: ast.Attribute) -> bool:
        named = isinstance(target.value, ast.Name) and target.value.id == self.own and target.value.id in self.env
        return named and self.env[self.own].role == "operator" and self.function.__code__.co_name == "__init__"

    def _attribute_store(self, target: ast.expr) -> str:
        shown = ast.unparse(target)
        return f"writes {shown}: what a method keeps belongs in saved or in its state"

    def _store(self, target: ast.Subscript, value: Value) -> None:
        base = self.eval(target.value)
        self.plain(target.slice)
        self.writable(base, target.value)
        self.hold(value)

    def _merge(self, other: dict[str, Value]) -> None:
        for name, value in other.items():
            self.env[name] = join(self.env[name], value) if name in self.env else value


def _starred(*nodes: ast.expr) -> bool:
    return any(isinstance(each, ast.Starred) for each in nodes)
