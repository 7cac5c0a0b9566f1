"""Which keys a method's returned mapping can have, read from its source where that is plain to see."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["returned_keys", "strings_in"]


def returned_keys(function: Callable[..., Any]) -> set[str]:
    """Return the constant string keys of the mappings that `function` returns, as far as its source shows them.

    Seen are `return {"a": ..., "w": ...}`, and `j = {"a": ...}`, `j["w"] = ...` with `return j`. Keys that are
    computed are not seen: the first run finds those.
    """
    body = _body(function)
    returned = [node.value for node in body if isinstance(node, ast.Return)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    literals = [value for value in returned if isinstance(value, ast.Dict)]
    keys: set[str] = set()
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id in names and isinstance(node.value, ast.Dict):
                    literals.append(node.value)
                if (
                    isinstance(target, ast.Subscript)
                    and isinstance(target.value, ast.Name)
                    and target.value.id in names
                ):
                    keys.update(_strings([target.slice]))
    for literal in literals:
        keys.update(_strings(literal.keys))
    return keys


def strings_in(function: Callable[..., Any]) -> set[str] | None:
    """Return every string constant in `function`, or None where its source cannot be had."""
    body = _body(function)
    return set(_strings(body)) if body else None


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
