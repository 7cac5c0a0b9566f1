"""What is taken for one another: signs, words, and calls that are forgotten."""

from __future__ import annotations

import ast

__all__ = ["ALIKE", "AROUND", "COMPARED", "COMPUTED", "METHODS", "TWIN"]

COMPARED = {
    ast.Lt: ("<", ("<=", ">")),
    ast.LtE: ("<=", ("<", ">=")),
    ast.Gt: (">", (">=", "<")),
    ast.GtE: (">=", (">", "<=")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
}
COMPUTED = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.Pow: (r"\*\*", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: (r"\|", "&"),
}
# Words that are taken for one another.
TWINS = [
    ("min", "max"),
    ("minimum", "maximum"),
    ("argmin", "argmax"),
    ("any", "all"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("floor", "ceil"),
    ("float32", "float64"),
    ("keys", "values"),
    ("startswith", "endswith"),
    ("jvp", "vjp"),
    ("in_shape", "out_shape"),
    ("left", "right"),
    ("rows", "columns"),
    ("first", "last"),
    ("earlier", "later"),
    ("source", "target"),
    ("inputs", "outputs"),
    ("lower", "upper"),
]
TWIN = dict(TWINS) | {second: first for first, second in TWINS}
# Calls of one argument that may be left out.
AROUND = {"abs", "bool", "float", "frozenset", "int", "list", "reversed", "set", "sorted", "tuple"}
AROUND |= {"array", "asarray", "conj", "exp", "log", "sqrt", "square"}
METHODS = {"copy", "ravel", "conj", "lower", "strip", "any", "all"}
# Calls to which the order of the first two arguments is all one, and those where it is a type that comes second.
ALIKE = {"add", "array_equal", "isclose", "logical_and", "logical_or", "max", "maximum", "may_share_memory", "min"}
ALIKE |= {"minimum", "multiply", "shares_memory", "swapaxes", "getattr", "hasattr", "isinstance", "issubclass"}
