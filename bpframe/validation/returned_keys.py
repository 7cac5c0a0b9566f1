"""Which keys a function's returned mapping can have, read from its source where that is plain to see."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["returned_keys"]


def returned_keys(function: Callable[..., Any]) -> tuple[set[str], bool]:
    """Return the constant string keys of the mappings that `function` returns, and whether these are surely all.

    Seen are `return {"a": ..., "w": ...}`, `return dict(a=...)`, and `j = {"a": ...}`, `j["w"] = ...` with `return j`.
    A key that is computed, another function that takes part, or a missing source leave the rest open.
    """
    body = list(_body(function))
    returned = [node.value for node in body if isinstance(node, ast.Return)]
    keys: set[str] = set()
    complete = bool(returned)
    for name in {value.id for value in returned if isinstance(value, ast.Name)}:
        found, all_of_them = _keys_of_name(name, body)
        keys |= found
        complete &= all_of_them
    for value in returned:
        if not isinstance(value, ast.Name):
            found, all_of_them = _keys_of(value)
            keys |= found
            complete &= all_of_them
    return keys, complete


def _keys_of_name(name: str, body: list[ast.AST]) -> tuple[set[str], bool]:
    """Follow a local name: all is seen where it is assigned, given keys by subscript and returned, and nothing else."""
    keys: set[str] = set()
    complete = True
    accounted = sum(isinstance(node, ast.Return) and _is(node.value, name) for node in body)
    for target, value in _assignments(body):
        if _is(target, name):
            found, all_of_them = _keys_of(value)
        elif isinstance(target, ast.Subscript) and _is(target.value, name):
            found, all_of_them = _strings([target.slice])
        else:
            continue
        keys |= found
        complete &= all_of_them
        accounted += 1
    return keys, complete and accounted == sum(_is(node, name) for node in body)


def _keys_of(value: ast.expr | None) -> tuple[set[str], bool]:
    if isinstance(value, ast.Dict):
        return _strings(value.keys)
    if isinstance(value, ast.Call) and _is(value.func, "dict") and not value.args:
        words = [keyword.arg for keyword in value.keywords]
        return {word for word in words if word is not None}, None not in words
    return set(), False


def _strings(nodes: list[Any]) -> tuple[set[str], bool]:
    found = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return set(found), len(found) == len(nodes)


def _is(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _assignments(body: list[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            yield node.target, node.value


def _body(function: Callable[..., Any]) -> Iterator[ast.AST]:
    """Yield all syntax nodes of the function but those of functions inside it; none without a source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return
    waiting: list[ast.AST] = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
