"""What a call may be handed: no options unseen, and nothing to write into that others hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from bpframe.replay.understanding.expressions import Expressions
from bpframe.replay.understanding.values import Value, join

__all__ = ["arguments", "may_be_written", "with_out", "written_or_new"]


def arguments(frame: Expressions, node: ast.Call) -> list[Value]:
    """Read what a call is handed."""
    for keyword in node.keywords:
        if keyword.arg is None:
            frame.refuse(f"hands **options to {ast.unparse(node.func)}", node)
    return [*(frame.plain(each) for each in node.args), *(frame.plain(keyword.value) for keyword in node.keywords)]


def with_out(frame: Expressions, node: ast.Call, position: int | None, result: Value) -> Value:
    """Read the arguments of a call that may be handed `out`, at this place or by its name."""
    arguments(frame, node)
    if position is not None and any(isinstance(each, ast.Starred) for each in node.args):
        frame.refuse(f"hands *arguments to {ast.unparse(node.func)}, which may write into one", node)
    placed = node.args[position : position + 1] if position is not None else []
    for each in placed:
        may_be_written(frame, each, "out")
    return written_or_new(frame, node, placed, result)


def written_or_new(frame: Expressions, node: ast.Call, placed: Iterable[ast.expr], result: Value) -> Value:
    """Return what a call returns: one of the arrays `placed` or named `out` where there are any, else `result`."""
    outs = [*placed, *(keyword.value for keyword in node.keywords if keyword.arg == "out")]
    for keyword in node.keywords:
        if keyword.arg == "out":
            may_be_written(frame, keyword.value, "out")
    for each in outs:
        if not (isinstance(each, ast.Constant) and each.value is None):
            result = join(result, frame.plain(each))
    return result


def may_be_written(frame: Expressions, node: ast.expr, name: str) -> None:
    """Refuse to hand on as `out` or `saved` what others hold."""
    if isinstance(node, ast.Constant) and node.value is None:
        return
    if isinstance(node, ast.Tuple):
        for each in node.elts:
            may_be_written(frame, each, name)
        return
    value = frame.plain(node)
    frame.written |= value.origins
    if value.level == 2 or value.fixed or value.functions:
        frame.refuse(f"hands {ast.unparse(node)} on as {name}, where it is written into, though others hold it", node)
