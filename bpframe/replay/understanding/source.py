"""The syntax tree of a function, where its source is surely the code that runs."""

from __future__ import annotations
import __future__

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import CodeType, FunctionType

__all__ = ["WORDS", "FunctionNode", "Unreadable", "file_of", "local_names", "stored_names", "tree_of"]

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

#: Every flag that a `from __future__ import` sets; notebooks hand them from cell to cell.
_FUTURE = 0
for _feature in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _feature).compiler_flag

#: How many files are kept as trees.
_MOST = 64

Place = tuple[str, int]


class Unreadable(Exception):
    """The source of a function is not there, or is not what runs."""


@dataclass(frozen=True, slots=True)
class _File:
    text: str
    codes: dict[Place, list[CodeType]]  # by name and first line, of all functions in the file
    nodes: dict[Place, list[FunctionNode]]


_files: dict[tuple[str, int], _File] = {}


def file_of(function: FunctionType) -> str:
    """Return the name of the file that a function stands in, as messages say it."""
    return PurePath(function.__code__.co_filename).name


def tree_of(function: FunctionType) -> FunctionNode:
    """Return a function's syntax tree.

    Errors: Unreadable (without source, for a lambda, where two functions share a line, and where the source compiles to
    other code than what runs: a file that was edited after its import, or a function that was rewritten while it was
    imported).
    """
    code = function.__code__
    filename = code.co_filename
    if (
        filename == "<string>"
    ):  # of exec, and since Python 3.13 of `python -c` too, which keeps its text under this name
        raise Unreadable("its source cannot be read")
    linecache.checkcache(filename)
    text = "".join(linecache.getlines(filename, function.__globals__))
    key = (filename, code.co_flags & _FUTURE)
    file = _files.get(key)
    if file is None or file.text != text:
        if not text:
            raise Unreadable("its source cannot be read")
        if len(_files) >= _MOST:
            _files.clear()
        file = _files[key] = _read(text, filename, key[1])
    place = (code.co_name, code.co_firstlineno)
    if code not in file.codes.get(place, ()):
        raise Unreadable("its source is not what runs")
    nodes = file.nodes.get(place, [])
    if len(nodes) != 1 or len(file.codes[place]) != 1:
        raise Unreadable("it is a lambda, or two functions of one name begin on its line")
    return nodes[0]


def _read(text: str, filename: str, flags: int) -> _File:
    try:
        tree = ast.parse(text, filename)
        code = compile(text, filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        raise Unreadable("its source cannot be read") from None
    codes: dict[Place, list[CodeType]] = {}
    for each in _codes_in(code):
        codes.setdefault((each.co_name, each.co_firstlineno), []).append(each)
    nodes: dict[Place, list[FunctionNode]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min((each.lineno for each in node.decorator_list), default=node.lineno)
            nodes.setdefault((node.name, first), []).append(node)
    return _File(text, codes, nodes)


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes_in(each)


def stored_names(target: ast.expr) -> frozenset[str]:
    """Return the names that a target binds."""
    return frozenset(
        each.id for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    )


def local_names(node: FunctionNode) -> frozenset[str]:
    """Return the names that are local to a function: its arguments, and what it binds."""
    arguments = node.args
    found = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    found.update(each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None)
    waiting: list[ast.AST] = [*node.body]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store | ast.Del):
            found.add(each.id)
        elif isinstance(each, ast.comprehension):
            waiting += [each.iter, *each.ifs]  # its targets are its own
            continue
        waiting += ast.iter_child_nodes(each)
    return frozenset(found)


#: Statements and expressions that are refused, in words.
WORDS = {
    "Try": "a try statement: which way it takes depends on the numbers of each batch",
    "TryStar": "a try statement: which way it takes depends on the numbers of each batch",
    "Delete": "a del statement",
    "FunctionDef": "a function in it",
    "Lambda": "a function in it",
    "Global": "a global statement",
    "Nonlocal": "a nonlocal statement",
    "Import": "an import statement",
    "ImportFrom": "an import statement",
    "Yield": "a yield",
    "YieldFrom": "a yield",
    "Await": "an await",
    "AsyncFor": "an asynchronous loop",
    "AsyncWith": "an asynchronous block",
    "AsyncFunctionDef": "an asynchronous function",
    "ClassDef": "a class of its own",
    "Match": "a match statement",
}
