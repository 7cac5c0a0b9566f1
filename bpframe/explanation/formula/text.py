"""Equations as text: letters on a line, and columns and matrices of numbers as blocks of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

__all__ = ["Box", "beside", "on_one_line", "text_box"]


@dataclass(frozen=True)
class Box:
    """Lines of one width, and which of them is level with the text around."""

    lines: tuple[str, ...]
    level: int = 0

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.lines[0])


def beside(*parts: Box | str) -> Box:
    """Put boxes next to one another, level with one another."""
    boxes = [Box((each,)) if isinstance(each, str) else each for each in parts]
    above = max(each.level for each in boxes)
    below = max(len(each.lines) - each.level for each in boxes)
    lines = []
    for row in range(-above, below):
        cells = (
            each.lines[row + each.level] if 0 <= row + each.level < len(each.lines) else " " * each.width
            for each in boxes
        )
        lines.append("".join(cells))
    return Box(tuple(lines), above)


def on_one_line(expression: Expression) -> str:
    """Return an expression as one line; matrices of numbers as `[[1, 2], [3, 4]]`."""
    match expression:
        case Symbol():
            return _symbol(expression)
        case Partial(top, bottom):
            return f"∂{_symbol(top)}/∂{_symbol(bottom)}"
        case Nabla(of, by):
            return f"∇_{_symbol(by) if by.is_name else by.base} {_symbol(of)}"
        case Applied(function, argument, prime):
            return f"{_symbol(function)}{chr(39) * prime}({_symbol(argument)})"
        case Call(function, arguments, parameters):
            told = ", ".join(map(_symbol, arguments))
            return f"{function}({told}{'; ' * bool(parameters)}{', '.join(map(_symbol, parameters))})"
        case Numbers(array):
            return _inline(array)
        case Plus(terms):
            return " + ".join(_bracketed(each) for each in terms)
        case Minus(left, right):
            return f"{on_one_line(left)} - {_bracketed(right, Plus, Minus)}"
        case Times(factors):
            sign = " · " if any(isinstance(each, Numbers | Partial) for each in factors) else " "
            return sign.join(_bracketed(each, Plus, Minus, SumOver, Hadamard, Times) for each in factors)
        case Hadamard(left, right):
            return " ⊙ ".join(_bracketed(each, Plus, Minus, Times, SumOver) for each in (left, right))
        case Transposed(inner):
            return f"({on_one_line(inner)})ᵀ"
        case HalfSquare(inner):
            return f"½ ‖{on_one_line(inner)}‖²"
        case SumOver(letter, inner):
            return f"Σ_{letter} {on_one_line(inner)}"
        case Dots(count):
            return f"... ({count:,} more) ..." if count else "..."
        case Grid(rows):
            return f"[{'; '.join(', '.join(map(on_one_line, row)) for row in rows)}]"


def text_box(expression: Expression) -> Box:
    """Return an expression with its columns and matrices written as blocks."""
    match expression:
        case Numbers(array) if array.ndim:
            return _table(elided(array))
        case Grid(rows):
            return _table([[_cell(each) for each in row] for row in rows])
        case Plus(terms):
            return _joined([_boxed(each) for each in terms], " + ")
        case Minus(left, right):
            return beside(text_box(left), " - ", _boxed(right, Plus, Minus))
        case Times(factors):
            boxes = [_boxed(each, Plus, Minus, SumOver, Hadamard, Times) for each in factors]
            return _joined(boxes, " · " if is_dotted(factors) else " ")
        case Hadamard(left, right):
            return _joined([_boxed(each, Plus, Minus, Times, SumOver) for each in (left, right)], " ⊙ ")
        case Transposed(inner):
            return beside("(", text_box(inner), ")ᵀ")
        case HalfSquare(inner):
            return beside("½ ‖", text_box(inner), "‖²")
        case _:
            return Box((on_one_line(expression),))


def _cell(expression: Expression) -> str:
    return "..." if isinstance(expression, Dots) else on_one_line(expression)


def _joined(boxes: Sequence[Box], sign: str) -> Box:
    parts: list[Box | str] = [boxes[0]]
    for each in boxes[1:]:
        parts += [sign, each]
    return beside(*parts)


def _boxed(expression: Expression, *kinds: type) -> Box:
    box = text_box(expression)
    if not is_bracketed(expression, kinds):
        return box
    if len(box.lines) == 1:
        return beside("(", box, ")")
    return beside(_edge(box, "⎛⎜⎝"), box, _edge(box, "⎞⎟⎠"))


def _edge(box: Box, signs: str) -> Box:
    middle = (signs[1],) * (len(box.lines) - 2)
    return Box((signs[0], *middle, signs[2]), box.level)


def _bracketed(expression: Expression, *kinds: type) -> str:
    text = on_one_line(expression)
    return f"({text})" if is_bracketed(expression, kinds) else text


def _table(rows: Sequence[Sequence[str]]) -> Box:
    """Return cells in brackets, numbers to the right."""
    if not rows or not rows[0]:
        return Box(("[ ]",))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = tuple(
        f"[ {'  '.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))} ]" for row in rows
    )
    return Box(lines, (len(lines) - 1) // 2)


def _inline(array: Array) -> str:
    if array.ndim == 0:
        return in_words(array)
    rows = elided(array)
    if array.ndim == 1:
        return f"[{', '.join(row[0] for row in rows)}]"
    return f"[{', '.join(f'[{chr(44).join(row)}]' for row in rows)}]".replace(",", ", ").replace(",  ", ", ")


def _symbol(symbol: Symbol) -> str:
    layer = "" if symbol.layer is None else f"^{symbol.layer}"
    below = "" if symbol.of is None else f"_{symbol.of}"
    return f"{symbol.base}{layer}{below}{_index(symbol)}"


def _index(symbol: Symbol) -> str:
    if not symbol.index:
        return ""
    if symbol.is_name or symbol.of is not None:
        return f"[{','.join(map(str, symbol.index))}]"
    told = [str(each) for each in symbol.index]
    if any(len(each) > 1 for each in told):
        return f"_{told[0]}" if len(told) == 1 else f"_{{{','.join(told)}}}"
    return f"_{''.join(told)}"
