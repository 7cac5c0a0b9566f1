"""Single-place faults: every way in which a slip of the hand changes one place of a source file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from fault import Fault
from slips import ALIKE, AROUND, COMPARED, COMPUTED, METHODS, TWIN

__all__ = ["faults_in"]


def faults_in(path: str, source: bytes) -> list[Fault]:
    """Return all faults of a file; a few of them are none, since the program stays the same or is none any more."""
    return _Places(path, source).faults


class _Places(ast.NodeVisitor):
    """A walk over the tree that knows in which function it is; annotations, messages and docstrings are left out."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path, self.source = path, source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.faults: list[Fault] = []
        self.inside = False
        self.statement = range(0)
        self.arguments: list[str] = []
        self.assigned: set[str] = set()
        self.visit(ast.parse(source))

    # Where ---------------------------------------------------------------------------------------------------

    def _at(self, line: int, column: int) -> int:
        return self.lines[line - 1] + column

    def _span(self, node: ast.AST) -> tuple[int, int]:
        start = self._at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self._at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _put(self, kind: str, node: ast.AST, text: str, span: tuple[int, int] | None = None) -> None:
        start, end = span or self._span(node)
        line = self.source.count(b"\n", 0, start) + 1
        self.faults.append(Fault(self.path, line, self.statement, kind, start, end, text))

    def _between(self, kind: str, before: ast.AST, after: ast.AST, pattern: str, text: str) -> None:
        """Replace the sign that stands between two nodes."""
        start, end = self._span(before)[1], self._span(after)[0]
        found = re.search(pattern, self.source[start:end].decode())
        if found and self.source[start:end].isascii():
            self._put(kind, before, text, (start + found.start(), start + found.end()))

    # What is looked into -------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        before = self.statement
        if isinstance(node, ast.stmt) and self.inside:
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            self.statement = range(node.lineno, last + 1)
        super().visit(node)
        self.statement = before

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in node.body:
            self.visit(each)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, self.statement = self.statement, range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self.statement = before
        outer = self.inside, self.arguments, self.assigned
        self.inside = True
        all_arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.arguments = [each.arg for each in all_arguments if each.arg not in ("self", "cls")]
        self.assigned = set(self.arguments)
        for each in node.body:
            if not isinstance(each, ast.Return):  # the last one, which nobody forgets
                self.visit(each)
            elif each.value is not None:
                self.statement = range(each.lineno, (each.end_lineno or each.lineno) + 1)
                self.visit(each.value)
        self.inside, self.arguments, self.assigned = outer

    def visit_Import(self, node: ast.Import) -> None:
        pass

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    # Statements ----------------------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in self._text(node.test):
            return
        for text in ("True", "False"):
            self._put(f"condition always {text}", node.test, text)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._put("loop never run", node.test, "False")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            if not isinstance(node.value, ast.Yield | ast.YieldFrom):
                self._put("statement left out", node, "pass")
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        if "__all__" in names or (not self.inside and isinstance(node.value, ast.Subscript)):
            return
        elsewhere = all(isinstance(target, ast.Subscript | ast.Attribute) for target in node.targets)
        if elsewhere or names <= self.assigned:
            self._put("assignment left out", node, "pass")
        self.assigned |= names
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._put("assignment left out", node, "pass")
        if type(node.op) in COMPUTED:
            sign, other = COMPUTED[type(node.op)]
            self._between("another operation", node.target, node.value, sign, other)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self._put("early return left out", node, "pass")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._put("break for continue", node, "break")
        self._put("continue left out", node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self._put("break left out", node, "pass")

    def visit_Delete(self, node: ast.Delete) -> None:
        self._put("statement left out", node, "pass")

    # Expressions ---------------------------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        for (before, after), sign in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
            pattern, others = COMPARED[type(sign)]
            for other in others:
                self._between("another comparison", before, after, pattern, other)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in COMPUTED:
            self._between("another operation", node.left, node.right, *COMPUTED[type(node.op)])
        if not isinstance(node.op, ast.BitOr):
            self._put("operand left out", node, self._text(node.left))
        if not isinstance(node.op, ast.Add | ast.Mult | ast.BitOr | ast.BitAnd):
            self._put("operands exchanged", node, ast.unparse(ast.BinOp(node.right, node.op, node.left)))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for before, after in pairwise(node.values):
            self._between("another operation", before, after, rf"\b{sign}\b", other)
        for place in range(len(node.values)):
            rest = node.values[:place] + node.values[place + 1 :]
            text = ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
            self._put("operand left out", node, f"({text})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._put("sign left out", node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        for each in (node.body, node.orelse):
            self._put("one branch alone", node, f"({self._text(each)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._put("the other truth", node, str(not value))
        elif isinstance(value, int):
            for other in (value + 1, value - 1):
                self._put("off by one", node, f"({other})" if other < 0 else str(other))
        elif isinstance(value, float):
            self._put("another number", node, repr(2 * value if value else 1.0))

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._put("all let through", condition, "True")
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper, node.step):
            if bound is not None:
                self._put("bound left out", bound, "")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not self.inside and isinstance(node.value, ast.Name) and node.value.id[0].isupper():
            return  # a type
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if len(node.elts) == 2 and isinstance(node.ctx, ast.Load) and not any(map(_starred, node.elts)):
            first, second = (self._span(each) for each in node.elts)
            text = self._text(node.elts[1]) + self.source[first[1] : second[0]].decode() + self._text(node.elts[0])
            self._put("exchanged", node, text, (first[0], second[1]))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        plain = not any(map(_starred, node.args))
        if len(node.args) > 1 and plain and name not in ALIKE:
            first, second = (self._span(each) for each in node.args[:2])
            text = self._text(node.args[1]) + self.source[first[1] : second[0]].decode() + self._text(node.args[0])
            self._put("arguments exchanged", node, text, (first[0], second[1]))
        for keyword in node.keywords:
            if _is_of_no_account(keyword):
                continue
            rest = [each for each in node.keywords if each is not keyword]
            self._put("keyword left out", node, ast.unparse(ast.Call(node.func, node.args, rest)))
        if len(node.args) == 1 and plain and not node.keywords and name in AROUND:
            self._put("call left out", node, f"({self._text(node.args[0])})")
        if isinstance(node.func, ast.Attribute) and not node.args and name in METHODS:
            self._put("call left out", node, self._text(node.func.value))
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if not _is_of_no_account(node):
            self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in TWIN and isinstance(node.ctx, ast.Load):
            end = self._span(node)[1]
            self._put("its twin", node, TWIN[node.attr], (end - len(node.attr), end))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        if node.id in TWIN and (node.id in ("min", "max", "any", "all") or TWIN[node.id] in self.assigned):
            self._put("its twin", node, TWIN[node.id])
        elif node.id in self.arguments and len(self.arguments) > 1:
            place = self.arguments.index(node.id)
            self._put("another argument", node, self.arguments[place - 1])

    def generic_visit(self, node: ast.AST) -> None:
        for each in _children(node):
            self.visit(each)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed within a node: no annotation, no decorator."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield each


def _is_of_no_account(keyword: ast.keyword) -> bool:
    """Whether it holds an invariant, as an assert does, or saves a copy."""
    return keyword.arg == "strict" or (keyword.arg == "copy" and ast.unparse(keyword.value) == "False")


def _starred(node: ast.AST) -> bool:
    return isinstance(node, ast.Starred)
