"""Formulas as text and in LaTeX, in the tutorial's letters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bpframe.explanation.paths.expansion.expression import Expression
from bpframe.explanation.paths.names import latex_name

__all__ = ["superscript", "written", "written_in_latex"]

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

#: How tightly an operation holds its operands; a quotient is a product, but no factor of one.
_SUM, _PRODUCT, _FACTOR, _POWER, _ATOM = range(5)

_NO_NAMES: Mapping[int, str] = MappingProxyType({})


def superscript(exponent: str) -> str:
    """Return a whole number raised: ²."""
    return exponent.translate(_SUPERSCRIPTS)


def written(expression: Expression, names: Mapping[int, str] = _NO_NAMES) -> str:
    """Return a formula as text: products are joined by ·, powers raised.

    `names` stand for expressions, by identity, where they occur: a^2_1 for its own formula.
    """
    return _Text(names).of(expression)[0]


def written_in_latex(expression: Expression) -> str:
    """Return a formula in LaTeX."""
    return _Latex(_NO_NAMES).of(expression)[0]


class _Text:
    """How each operation is written; a piece of text comes with how tightly it holds together."""

    times = "·"

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names

    def of(self, expression: Expression) -> tuple[str, int]:
        """Write an expression after its parts; what has a name is not looked into."""
        found: dict[int, tuple[str, int]] = {}
        stack = [expression]
        while stack:
            each = stack[-1]
            missing = [] if id(each) in self.names else [part for part in each.parts if id(part) not in found]
            if missing:
                stack += missing
                continue
            stack.pop()
            if id(each) in self.names:
                found[id(each)] = self.symbol(self.names[id(each)]), _ATOM
            else:
                found[id(each)] = self.joined(each, [found[id(part)] for part in each.parts])
        return found[id(expression)]

    def joined(self, each: Expression, parts: list[tuple[str, int]]) -> tuple[str, int]:
        match each.operation:
            case "number":
                return self.number(each.value), _SUM if each.value < 0 else _ATOM
            case "symbol":
                return self.symbol(each.name), _ATOM
            case "call":
                return self.call(each.name, [text for text, _ in parts]), _ATOM
            case "negative":
                return f"-{self.held(parts[0], _PRODUCT)}", _SUM
            case "power":
                return self.power(self.held(parts[0], _ATOM), _plain(each.value)), _POWER
            case "+":
                second = self.held(parts[1], _PRODUCT) if parts[1][0].startswith("-") else parts[1][0]
                return f"{parts[0][0]} + {second}", _SUM
            case "-":
                return f"{parts[0][0]} - {self.held(parts[1], _PRODUCT)}", _SUM
            case "*":
                # A number comes first, then a symbol: ½·(a − y)², w·(v·a).
                if _rank(each.parts[1]) < _rank(each.parts[0]):
                    parts = parts[::-1]
                return self.times.join(self.held(part, _FACTOR) for part in parts), _FACTOR
            case "/":
                return self.quotient(parts[0], parts[1])

    def held(self, part: tuple[str, int], least: int) -> str:
        return part[0] if part[1] >= least else self.bracketed(part[0])

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def number(self, value: float) -> str:
        return "½" if value == 0.5 else _plain(value)

    def symbol(self, name: str) -> str:
        return name

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{function}({', '.join(arguments)})"

    def power(self, base: str, exponent: str) -> str:
        return base + (superscript(exponent) if exponent.lstrip("-").isdigit() else f"^{exponent}")

    def quotient(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return f"{self.held(above, _PRODUCT)}/{self.held(below, _POWER)}", _PRODUCT


class _Latex(_Text):
    """The same in LaTeX."""

    times = " "

    def bracketed(self, text: str) -> str:
        return rf"\left({text}\right)"

    def number(self, value: float) -> str:
        digits, _, exponent = _plain(value).partition("e")
        power = rf" \cdot 10^{{{int(exponent)}}}" if exponent else ""
        return r"\tfrac{1}{2}" if value == 0.5 else digits + power

    def symbol(self, name: str) -> str:
        return latex_name(name)

    def call(self, function: str, arguments: list[str]) -> str:
        return rf"\operatorname{{{function}}}\left({', '.join(arguments)}\right)"

    def power(self, base: str, exponent: str) -> str:
        base = base if base.startswith(r"\left(") else rf"\left({base}\right)"
        return f"{base}^{{{exponent}}}"

    def quotient(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", _ATOM


def _plain(value: float) -> str:
    """Return all digits of a number, without a point where it is whole."""
    return repr(float(value)).removesuffix(".0")


def _rank(expression: Expression) -> int:
    return {"number": 0, "symbol": 1}.get(expression.operation, 2)
