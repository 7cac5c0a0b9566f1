"""Formulas in SymPy's hands: multiplied out, differentiated, written in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

from bpframe.errors import MissingExtra
from bpframe.explanation.paths.expansion.expression import Expression, in_order
from bpframe.explanation.paths.expansion.writing import superscript
from bpframe.explanation.paths.names import latex_name

__all__ = ["SympyForm"]

#: Where characters begin that nobody's names have: 6400 of them.
_FREE = 0xE000

#: What SymPy calls NumPy's functions.
_NAMES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arctanh": "atanh"}


class SympyForm:
    """One formula as a SymPy expression, its symbols by name.

    Errors: MissingExtra without SymPy, which the extra `symbolic` installs.
    """

    def __init__(self, formula: Expression) -> None:
        try:
            sympy: Any = import_module("sympy")  # without types, and slow to import
        except ImportError as error:
            raise MissingExtra("formulas in symbols need SymPy", hint='pip install "bpframe[symbolic]"') from error
        self.sympy = sympy
        self.symbols: dict[str, Any] = {}
        found: dict[int, Any] = {}
        for each in in_order([formula]):
            found[id(each)] = self._of(each, [found[id(part)] for part in each.parts])
        self.expression = found[id(formula)]

    def expanded(self) -> Any:
        """Return the formula with all brackets multiplied out and like terms collected."""
        return self.sympy.expand(self.expression)

    def derivative(self, name: str) -> Any:
        """Return the derivative by one symbol, common factors taken out; 0 by one that the formula has not."""
        by = self.symbols.get(name)
        if by is None:
            return self.sympy.Integer(0)
        return self.sympy.factor_terms(self.sympy.diff(self.expression, by))

    def at(self, expressions: Sequence[Any], numbers: Mapping[str, float]) -> list[float]:
        """Return the numbers of SymPy expressions in these symbols; NaN where floats cannot tell."""
        found = {self.symbols[name]: numbers[name] for name in self.symbols}
        return [self._number(each, found) for each in expressions]

    def _number(self, expression: Any, found: dict[Any, float]) -> float:
        try:
            return self._value(expression, found)
        except (ArithmeticError, ValueError, TypeError):  # 1/0, exp of 1000, log of −1, a root that is complex
            return math.nan

    def _value(self, expression: Any, found: dict[Any, float]) -> float:
        """Work an expression out in floats; what was worked out before is in `found`."""
        if expression in found:
            return found[expression]
        if not expression.args:
            return float(expression)
        arguments = [self._value(each, found) for each in expression.args]
        match expression.func.__name__:
            case "Add":
                result = math.fsum(arguments)
            case "Mul":
                result = math.prod(arguments)
            case "Pow":
                result = arguments[0] ** arguments[1]
            case name:
                result = getattr(math, name)(*arguments)
        found[expression] = result
        return result

    def text(self, expression: Any) -> str:
        """Return a SymPy expression as text like the formulas': w^2_11·a^1_1, powers raised."""
        # Users' names may hold any sign: none of them is read as one.
        names = sorted(self.symbols.values(), key=lambda each: each.name)
        places = {each: self.sympy.Symbol(chr(_FREE + number), real=True) for number, each in enumerate(names)}
        found = self.sympy.sstr(expression.xreplace(places), order="none")
        raised = re.sub(r"\*\*(\d+)", lambda each: superscript(each[1]), found)
        plain = raised.replace("**", "^").replace("*", "·")
        return re.sub(f"[{chr(_FREE)}-{chr(_FREE + 6399)}]", lambda each: names[ord(each[0]) - _FREE].name, plain)

    def latex(self, expression: Any) -> str:
        """Return a SymPy expression in LaTeX, with the tutorial's letters."""
        names = {each: latex_name(name) for name, each in self.symbols.items()}
        found: str = self.sympy.latex(expression, symbol_names=names, order="none")
        return found

    def _of(self, each: Expression, parts: list[Any]) -> Any:
        sympy = self.sympy
        match each.operation:
            case "number":
                exact = Fraction(each.value).limit_denominator(1000)
                same = float(exact) == each.value
                return sympy.Rational(exact.numerator, exact.denominator) if same else sympy.Float(each.value)
            case "symbol":
                return self.symbols.setdefault(each.name, sympy.Symbol(each.name, real=True))
            case "negative":
                return -parts[0]
            case "+":
                return parts[0] + parts[1]
            case "-":
                return parts[0] - parts[1]
            case "*":
                return parts[0] * parts[1]
            case "/":
                return parts[0] / parts[1]
            case "power":
                exponent = each.value
                return parts[0] ** (
                    sympy.Integer(int(exponent)) if exponent == int(exponent) else sympy.Float(exponent)
                )
            case "call":
                if each.name == "expm1":
                    return sympy.exp(parts[0]) - 1
                if each.name == "log1p":
                    return sympy.log(1 + parts[0])
                return getattr(sympy, _NAMES.get(each.name, each.name))(*parts)
