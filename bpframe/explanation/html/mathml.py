"""Equations as MathML Core, which browsers typeset by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from bpframe.explanation.formula.numerals import in_words, kept
from bpframe.explanation.formula.signs import is_bracketed, is_dotted
from bpframe.explanation.formula.tree import (
    Applied,
    Call,
    Dots,
    Expression,
    Grid,
    Hadamard,
    HalfSquare,
    Index,
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
from bpframe.explanation.html.detail import Detail
from bpframe.reports.web import escaped
from bpframe.validation.plain_arrays import Array

__all__ = ["as_mathml", "number", "symbol"]


def as_mathml(expression: Expression, detail: Detail) -> str:
    """Return an expression for the inside of `<math>`; of large tables the corners, as `detail` says."""
    match expression:
        case Symbol():
            return symbol(expression)
        case Partial(top, bottom):
            return f"<mfrac><mrow>{_sign('∂')}{symbol(top)}</mrow><mrow>{_sign('∂')}{symbol(bottom)}</mrow></mfrac>"
        case Nabla(of, by):
            below = symbol(by) if by.is_name else _letter(by.base)
            return f"<mrow><msub>{_sign('∇')}{below}</msub>{symbol(of)}</mrow>"
        case Applied(function, argument, prime):
            name = f'<msup>{symbol(function)}<mo lspace="0" rspace="0">′</mo></msup>' if prime else symbol(function)
            return f"<mrow>{name}{_in_brackets(symbol(argument))}</mrow>"
        case Call(function, arguments, parameters):
            told = "<mo>,</mo>".join(map(symbol, arguments))
            behind = "<mo>;</mo>" + "<mo>,</mo>".join(map(symbol, parameters)) if parameters else ""
            return f"<mrow><mtext>{escaped(function)}</mtext>{_in_brackets(told + behind)}</mrow>"
        case Numbers(array):
            return number(array) if array.ndim == 0 else _numbers(array, detail)
        case Plus(terms):
            return _row("<mo>+</mo>".join(_bracketed(each, detail) for each in terms))
        case Minus(left, right):
            return _row(f"{as_mathml(left, detail)}<mo>−</mo>{_bracketed(right, detail, Plus, Minus)}")
        case Times(factors):
            sign = "<mo>·</mo>" if is_dotted(factors) else '<mspace width=".17em"></mspace>'
            return _row(sign.join(_bracketed(each, detail, Plus, Minus, SumOver, Hadamard, Times) for each in factors))
        case Hadamard(left, right):
            return _row(
                "<mo>⊙</mo>".join(_bracketed(each, detail, Plus, Minus, Times, SumOver) for each in (left, right))
            )
        case Transposed(inner):
            return f'<msup>{_in_brackets(as_mathml(inner, detail))}<mi mathvariant="normal">T</mi></msup>'
        case HalfSquare(inner):
            return _row(
                "<mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mrow><mo>‖</mo>"
                f"{as_mathml(inner, detail)}<mo>‖</mo></mrow><mn>2</mn></msup>"
            )
        case SumOver(letter, inner):
            return _row(f"<munder><mo>∑</mo>{_letter(letter)}</munder>{as_mathml(inner, detail)}")
        case Dots():
            return "<mo>⋯</mo>"
        case Grid(rows):
            return _table([[as_mathml(each, detail) for each in row] for row in rows])


def symbol(letter: Symbol) -> str:
    """Return a letter with its layer above and its indices below; a user's name as it is, upright."""
    base = f"<mtext>{escaped(letter.base)}</mtext>" if letter.is_name else _letter(letter.base)
    below = "" if letter.of is None else f"<mtext>{escaped(letter.of)}</mtext>"
    if letter.index and letter.is_name:
        base = f"<mtext>{escaped(letter.base)}[{','.join(map(str, letter.index))}]</mtext>"
    elif letter.index:
        numbers = _indices(letter.index)
        below = f"{below}<mo>,</mo>{numbers}" if below else numbers
    above = "" if letter.layer is None else f"<mn>{letter.layer}</mn>"
    below = f"<mrow>{below}</mrow>" if below else ""
    if above and below:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    return f"<msup>{base}{above}</msup>" if above else f"<msub>{base}{below}</msub>" if below else base


def number(value: Array | float) -> str:
    """Return a number with a few digits, 1.2e-05 as a power of ten."""
    text = in_words(value)
    sign, digits = ("<mo>−</mo>", text[1:]) if text.startswith("-") else ("", text)
    first, power, exponent = digits.partition("e")
    if not power:
        told = f"<mtext>{digits}</mtext>" if digits == "NaN" else f"<mn>{digits}</mn>"
        return f"<mrow>{sign}{told}</mrow>" if sign else told
    ten = int(exponent)
    raised = f"<mn>{ten}</mn>" if ten >= 0 else f"<mrow><mo>−</mo><mn>{-ten}</mn></mrow>"
    return f"<mrow>{sign}<mn>{first}</mn><mo>·</mo><msup><mn>10</mn>{raised}</msup></mrow>"


def _letter(text: str) -> str:
    return f"<mi>{escaped(text)}</mi>"


def _sign(text: str) -> str:
    return f'<mo form="prefix" lspace="0" rspace="0">{text}</mo>'


def _indices(index: tuple[Index, ...]) -> str:
    between = "<mo>,</mo>" if any(len(str(each)) > 1 for each in index) else ""
    return between.join(f"<mi>{each}</mi>" if isinstance(each, str) else f"<mn>{each}</mn>" for each in index)


def _row(inner: str) -> str:
    return f"<mrow>{inner}</mrow>"


def _in_brackets(inner: str) -> str:
    return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"


def _bracketed(expression: Expression, detail: Detail, *kinds: type) -> str:
    told = as_mathml(expression, detail)
    return _in_brackets(told) if is_bracketed(expression, kinds) else told


def _numbers(array: Array, detail: Detail) -> str:
    table = array[:, None] if array.ndim == 1 else array.reshape(-1, array.shape[-1])
    rows, columns = (kept(count, detail.whole, detail.corners) for count in table.shape)
    return _table([[_cell(table, i, j) for j in columns] for i in rows])


def _cell(table: Array, i: int | None, j: int | None) -> str:
    if i is None or j is None:
        return f"<mo>{'⋯' if i is not None else '⋮' if j is not None else '⋱'}</mo>"
    return number(table[i, j])


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<mtd>{cell}</mtd>" for cell in row) for row in rows)
    return f'<mtable class="matrix">{"".join(f"<mtr>{row}</mtr>" for row in cells)}</mtable>'
