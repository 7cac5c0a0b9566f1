"""The source as pages show it: docstrings of files, classes and functions, and their code with its line numbers."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shapes import escaped

__all__ = ["ROOT", "Piece", "docstring_of", "piece", "place", "shown_code", "shown_docstring", "shown_file"]

ROOT = Path(__file__).parents[2]

#: Where packages lie.
PLACES = (ROOT, ROOT / "plugins")


@dataclass(frozen=True)
class Piece:
    """A class or function: where it stands, its docstring, and its code without decorators."""

    name: str
    file: str
    line: int
    docstring: str
    code: str

    def block(self) -> str:
        """Return the code as Markdown, with the line numbers of its file."""
        return f'```python linenums="{self.line}"\n{self.code}\n```'


def piece(name: str) -> Piece:
    """Return what `package.module:Class.function` names.

    Errors: LookupError where there is no such file, class or function.
    """
    module, _, path = name.partition(":")
    file = _file_of(module)
    text, node = file.read_text(encoding="utf-8"), _tree(file)
    for part in path.split("."):
        node = _child(node, part, name)
    assert isinstance(node, (ast.ClassDef, ast.FunctionDef))
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    indent = len(lines[0]) - len(lines[0].lstrip())
    code = "\n".join(line[indent:] for line in lines)
    return Piece(name, _relative(file), node.lineno, ast.get_docstring(node) or "", code)


def shown_code(name: str) -> str:
    """Return a class's or function's code, below where it stands."""
    each = piece(name)
    return f"{place(each)}\n\n{each.block()}"


def shown_docstring(name: str) -> str:
    """Return a class's or function's docstring, below where it stands."""
    each = piece(name)
    return _quoted(f"{place(each)}\n\n{_text(each.docstring)}")


def shown_file(module: str) -> str:
    """Return a file's docstring, below its name."""
    file = _file_of(module)
    return _quoted(f"`{_relative(file)}`\n\n{_text(docstring_of(file))}")


def place(each: Piece) -> str:
    """Return where a class or function stands, and its name."""
    return f"`{each.file}`, line {each.line}: **`{each.name.partition(':')[2]}`**"


def _text(docstring: str) -> str:
    """Return a docstring as Markdown, up to its first section with a line below its title."""
    text = escaped(re.split(r"\n\n\w+\n-{3,}\n", docstring)[0])
    # A word by itself, and what it means indented below it.
    return re.sub(r"^(`[^`\n]+`)\n    ", r"\n\1\n\n:   ", text, flags=re.MULTILINE)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def docstring_of(file: Path) -> str:
    """Return a file's docstring."""
    return ast.get_docstring(_tree(file)) or ""


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _file_of(module: str) -> Path:
    path = Path(*module.split("."))
    for folder in PLACES:
        for file in (folder / path.with_suffix(".py"), folder / path / "__init__.py"):
            if file.exists():
                return file
    raise LookupError(f"there is no module {module}")


def _child(node: ast.AST, name: str, wanted: str) -> ast.ClassDef | ast.FunctionDef:
    for each in ast.iter_child_nodes(node):
        if isinstance(each, (ast.ClassDef, ast.FunctionDef)) and each.name == name:
            return each
    raise LookupError(f"there is no {name}, as {wanted} has it")
