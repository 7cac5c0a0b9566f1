"""Which keys a method's returned mapping can have, read from its source where that is plain to see."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["all_returned_keys", "returned_keys"]


def returned_keys(function: Callable[..., Any]) -> set[str]:
    """Return the constant string keys of the mappings that `function` returns, as far as its source shows them.

    Seen are `return {"a": ..., "w": ...}`, and `j = {"a": ...}`, `j["w"] = ...` with `return j`. Keys that are
    computed are not seen: the first run finds those.
    """
    body = _body(function)
    returned = _returned(body)
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    literals = [value for value in returned if isinstance(value, ast.Dict)]
    keys: set[str] = set()
    for target, value in _assignments(body):
        if isinstance(target, ast.Name) and target.id in names and isinstance(value, ast.Dict):
            literals.append(value)
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in names:
            keys.update(_strings([target.slice]))
    for literal in literals:
        keys.update(_strings(literal.keys))
    return keys


def all_returned_keys(function: Callable[..., Any]) -> set[str] | None:
    """Return the keys of the mapping that `function` returns, or None unless its source shows every one of them.

    A key that is computed, another function that takes part, or a missing source make it None.
    """
    body = _body(function)
    returned = _returned(body)
    if not returned:
        return None
    keys: set[str] = set()
    for value in returned:
        if isinstance(value, ast.Name):
            found = _keys_of_name(value.id, body)
        else:
            found = _keys_of_expression(value)
        if found is None:
            return None
        keys |= found
    return keys


def _keys_of_expression(value: ast.expr | None) -> set[str] | None:
    if isinstance(value, ast.Dict):
        keys = list(_strings(value.keys))
        return set(keys) if len(keys) == len(value.keys) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args:
        words = [keyword.arg for keyword in value.keywords]
        return {word for word in words if word is not None} if None not in words else None
    return None


def _keys_of_name(name: str, body: Iterable[ast.AST]) -> set[str] | None:
    """Follow a local name: it may be assigned, given keys by subscript, and returned, and nothing else."""
    keys: set[str] = set()
    accounted = 0
    for node in body:
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id == name:
            accounted += 1
    for target, value in _assignments(body):
        found: set[str] | None = None
        if isinstance(target, ast.Name) and target.id == name:
            found = _keys_of_expression(value)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name:
            found = set(_strings([target.slice])) or None
        else:
            continue
        if found is None:
            return None
        keys |= found
        accounted += 1
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in body)
    return keys if uses == accounted else None


def _returned(body: Iterable[ast.AST]) -> list[ast.expr | None]:
    return [node.value for node in body if isinstance(node, ast.Return)]


def _assignments(body: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            yield node.target, node.value


def _strings(nodes: Any) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _body(function: Callable[..., Any]) -> list[ast.AST]:
    """Return all syntax nodes of the function but those of functions inside it; empty without a source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return []
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return found
