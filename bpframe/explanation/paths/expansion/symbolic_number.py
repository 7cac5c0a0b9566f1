"""A number that remembers its formula, so that a component's own forward writes it: NumPy calls its methods.

Ufuncs on arrays of objects call what the objects have: `np.add` their +, `np.exp` their `exp`, `np.maximum` their >=. A
comparison is decided by the numbers of the example and kept as a condition: the formula holds where all of them do.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partialmethod
from typing import Any, Literal, TypeAlias

from bpframe.explanation.paths.expansion.expression import (
    ARITHMETIC,
    Expression,
    call,
    negative,
    number,
    operate,
    power,
)

__all__ = ["Comparison", "SymbolicNumber", "apply", "constant", "is_constant"]

#: What was decided by the example: one formula, how it compares, another formula.
Comparison: TypeAlias = tuple[Expression, str, Expression]

#: The operations of two numbers.
Sign: TypeAlias = Literal["+", "-", "*", "/"]


class SymbolicNumber:
    """A number and the formula that it came from; `decided` gathers the comparisons that were made on the way."""

    __slots__ = ("decided", "expression", "value")

    def __init__(self, value: float, expression: Expression, decided: list[Comparison]) -> None:
        self.value = value
        self.expression = expression
        self.decided = decided

    def _with(self, operation: Sign, other: Any, turned: bool = False) -> Any:
        other = self._read(other)
        if other is None:
            return NotImplemented
        first, last = (other, self) if turned else (self, other)
        value = ARITHMETIC[operation](first.value, last.value)
        return SymbolicNumber(value, operate(operation, first.expression, last.expression), self.decided)

    def _new(self, value: float, expression: Expression) -> SymbolicNumber:
        return SymbolicNumber(value, expression, self.decided)

    def _read(self, other: Any) -> SymbolicNumber | None:
        if type(other) is SymbolicNumber:
            return other
        return constant(other, self.decided) if is_constant(other) else None

    def __add__(self, other: Any) -> Any:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, turned=True)

    def __sub__(self, other: Any) -> Any:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, turned=True)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, turned=True)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, turned=True)

    def __neg__(self) -> SymbolicNumber:
        return self._new(-self.value, negative(self.expression))

    def __pos__(self) -> SymbolicNumber:
        return self

    def __abs__(self) -> SymbolicNumber:
        return self if self >= 0 else -self

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, SymbolicNumber) and other.expression.operation != "number":
            return apply("exp", other * apply("log", self))
        exponent = self._read(other)
        if exponent is None:
            return NotImplemented
        return self._new(self.value**exponent.value, power(self.expression, exponent.value))

    def __rpow__(self, other: Any) -> Any:
        base = self._read(other)
        return NotImplemented if base is None else apply("exp", self * math.log(base.value))

    # Comparisons ----------------------------------------------------------------------------------------------------

    def _compare(self, other: Any, sign: str) -> Any:
        other = self._read(other)
        if other is None:
            return NotImplemented
        holds = bool(_COMPARED[sign](self.value, other.value))
        if not self.expression.operation == other.expression.operation == "number":
            self.decided.append((self.expression, sign if holds else _OPPOSITE[sign], other.expression))
        return holds

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, "<")

    def __le__(self, other: Any) -> Any:
        return self._compare(other, "<=")

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, ">")

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, ">=")

    def __eq__(self, other: object) -> Any:
        return self._compare(other, "==")

    def __ne__(self, other: object) -> Any:
        return self._compare(other, "!=")

    def __bool__(self) -> bool:
        return bool(self != 0)

    __hash__ = object.__hash__

    # Functions, by the names of NumPy's ------------------------------------------------------------------------------

    def conjugate(self) -> SymbolicNumber:
        """Return itself: it is real."""
        return self


_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}

#: The functions of one number that NumPy hands to objects, with how to compute them.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arcsinh": math.asinh,
    "arctanh": math.atanh,
    "erf": math.erf,
}


def apply(name: str, x: SymbolicNumber) -> SymbolicNumber:
    """Return a function of one number, by the function's name."""
    value, formula = FUNCTIONS[name](x.value), x.expression
    return SymbolicNumber(value, number(value) if formula.operation == "number" else call(name, formula), x.decided)


for _name in FUNCTIONS:
    setattr(SymbolicNumber, _name, partialmethod(lambda self, name: apply(name, self), _name))


def is_constant(value: Any) -> bool:
    """Whether a value is a plain number."""
    return isinstance(value, int | float) or (getattr(value, "shape", None) == () and value.dtype.kind in "biuf")


def constant(value: Any, decided: list[Comparison]) -> SymbolicNumber:
    """Return a number without symbols."""
    return SymbolicNumber(float(value), number(float(value)), decided)
