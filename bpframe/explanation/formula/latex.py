"""Equations as LaTeX, for amsmath and for KaTeX alike."""

from __future__ import annotations

from collections.abc import Sequence

from bpframe.explanation.formula.numerals import elided, in_words
from bpframe.explanation.formula.signs import is_bracketed, is_dotted
from bpframe.explanation.formula.tree import (
    Applied,
    Call,
    Dots,
    Expression,
    Grid,
    Hadamard,
    HalfSquare,
    Minus,
    Nabla,
    Numbers,
    Partial,
    Plus,
    SumOver,
    Symbol,
    Times,
    Transposed,
)
from bpframe.validation.plain_arrays import Array

__all__ = ["as_latex", "in_text"]

#: What a user's name may hold that means something to TeX.
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
}  # fmt: skip

GREEK = {"δ": r"\delta", "σ": r"\sigma", "η": r"\eta"}


def as_latex(expression: Expression) -> str:
    """Return an expression for mathematics mode."""
    match expression:
        case Symbol():
            return _symbol(expression)
        case Partial(top, bottom):
            return rf"\frac{{\partial {_symbol(top)}}}{{\partial {_symbol(bottom)}}}"
        case Nabla(of, by):
            return rf"\nabla_{{{_symbol(by) if by.is_name else by.base}}} {_symbol(of)}"
        case Applied(function, argument, prime):
            name = f"{{{_symbol(function)}}}'" if prime else _symbol(function)
            return f"{name}({_symbol(argument)})"
        case Call(function, arguments, parameters):
            told = ", ".join(map(_symbol, arguments))
            behind = "; " + ", ".join(map(_symbol, parameters)) if parameters else ""
            return rf"{in_text(function)}({told}{behind})"
        case Numbers(array):
            return _number(array) if array.ndim == 0 else _table(elided(array))
        case Plus(terms):
            return " + ".join(_bracketed(each) for each in terms)
        case Minus(left, right):
            return f"{as_latex(left)} - {_bracketed(right, Plus, Minus)}"
        case Times(factors):
            sign = r" \cdot " if is_dotted(factors) else r" \, "
            return sign.join(_bracketed(each, Plus, Minus, SumOver, Hadamard, Times) for each in factors)
        case Hadamard(left, right):
            return r" \odot ".join(_bracketed(each, Plus, Minus, Times, SumOver) for each in (left, right))
        case Transposed(inner):
            return rf"\left({as_latex(inner)}\right)^{{\mathsf{{T}}}}"
        case HalfSquare(inner):
            return rf"\tfrac{{1}}{{2}} \left\lVert {as_latex(inner)} \right\rVert^{{2}}"
        case SumOver(letter, inner):
            return rf"\sum_{{{letter}}} {as_latex(inner)}"
        case Dots():
            return r"\cdots"
        case Grid(rows):
            return _table([[as_latex(each) for each in row] for row in rows])


def in_text(name: str) -> str:
    """Return a user's text inside mathematics, as upright text, with nothing in it that TeX would act on."""
    told = "".join(SPECIAL.get(each, each) if each.isprintable() else " " for each in name)
    return rf"\text{{{told}}}"


def _symbol(symbol: Symbol) -> str:
    base = in_text(symbol.base) if symbol.is_name else GREEK.get(symbol.base, symbol.base)
    below = "".join(() if symbol.of is None else (in_text(symbol.of),))
    if symbol.index:
        told = [str(each) for each in symbol.index]
        numbers = (",\\," if any(len(each) > 1 for each in told) else "").join(told)
        below = f"{below}, {numbers}" if below else numbers
    layer = "" if symbol.layer is None else f"^{{{symbol.layer}}}"
    return f"{base}{layer}" + (f"_{{{below}}}" if below else "")


def _bracketed(expression: Expression, *kinds: type) -> str:
    told = as_latex(expression)
    return rf"\left({told}\right)" if is_bracketed(expression, kinds) else told


def _number(array: Array) -> str:
    return cell(in_words(array))


def _table(rows: Sequence[Sequence[str]]) -> str:
    body = r" \\ ".join(" & ".join(cell(each) for each in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def cell(text: str) -> str:
    """Return a number, or the dots of a table, as TeX writes it: 1.2e-05 as a power of ten."""
    if text == "...":
        return r"\cdots"
    if text in ("∞", "-∞"):
        return text.replace("∞", r"\infty")
    if text == "NaN":
        return r"\text{NaN}"
    digits, power, exponent = text.partition("e")
    if power and exponent.lstrip("+-").isdigit():
        return rf"{digits} \cdot 10^{{{int(exponent)}}}"
    return text
