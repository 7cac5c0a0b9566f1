"""A formula as what it is made of, and how long it is when it is written out: known without writing it.

An expression may be used in many places; in a formula it then stands many times. Lengths count it each time, as exact
integers that grow with the expression.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "ARITHMETIC",
    "Expression",
    "Operation",
    "call",
    "depth",
    "in_order",
    "negative",
    "number",
    "operate",
    "power",
    "symbol",
]

Operation: TypeAlias = Literal["number", "symbol", "+", "-", "*", "/", "negative", "power", "call"]


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A number, a symbol, or an operation on other expressions.

    `name` is a symbol's or a function's, `value` a number's, or the exponent of a power. `operations` counts + − × ÷,
    powers and functions of the formula written out as a tree, `multiplications` its × ÷, with a power of k as k − 1.
    `terms` is how many there are when all brackets are multiplied out, before like terms are collected; None where it
    is no polynomial.
    """

    operation: Operation
    parts: tuple[Expression, ...] = ()
    name: str = ""
    value: float = 0.0
    operations: int = 0
    multiplications: int = 0
    terms: int | None = field(default=1)


#: What the signs of two operands say of their numbers.
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def number(value: float) -> Expression:
    """Return a constant."""
    return Expression("number", value=value, terms=int(value != 0))


def symbol(name: str) -> Expression:
    """Return a weight, an input or a target."""
    return Expression("symbol", name=name)


def operate(operation: Literal["+", "-", "*", "/"], left: Expression, right: Expression) -> Expression:
    """Return an operation on two expressions; what is plain is done: 0 + x, 1 · x, 2 · 3, x − x, x · x."""
    if left.operation == "number" or right.operation == "number":
        plain = _plain(operation, left, right)
        if plain is not None:
            return plain
    if left is right and operation in "-*":
        return number(0.0) if operation == "-" else power(left, 2.0)
    multiplies = operation in "*/"
    return Expression(
        operation,
        (left, right),
        "",
        0.0,
        1 + left.operations + right.operations,
        multiplies + left.multiplications + right.multiplications,
        _terms(operation, left, right),
    )


def negative(part: Expression) -> Expression:
    """Return −x; of −y it is y."""
    if part.operation == "number":
        return number(-part.value)
    if part.operation == "negative":
        return part.parts[0]
    return Expression("negative", (part,), "", 0.0, 1 + part.operations, part.multiplications, part.terms)


def power(base: Expression, exponent: float) -> Expression:
    """Return base^exponent."""
    if base.operation == "number":
        return number(base.value**exponent)
    if exponent == 1:
        return base
    whole = int(exponent) if exponent == int(exponent) and exponent > 1 else None
    return Expression(
        "power",
        (base,),
        value=exponent,
        operations=1 + base.operations,
        multiplications=base.multiplications + (0 if whole is None else whole - 1),
        terms=None if whole is None or base.terms is None else base.terms**whole,
    )


def call(function: str, *arguments: Expression) -> Expression:
    """Return a function of expressions, such as exp."""
    return Expression(
        "call",
        arguments,
        name=function,
        operations=1 + sum(part.operations for part in arguments),
        multiplications=sum(part.multiplications for part in arguments),
        terms=None,
    )


def in_order(ends: Iterable[Expression]) -> list[Expression]:
    """Return every expression once, each after its parts."""
    found: list[Expression] = []
    seen: set[int] = set()
    stack = [(end, False) for end in ends]
    while stack:
        expression, ready = stack.pop()
        if ready:
            found.append(expression)
        elif id(expression) not in seen:
            seen.add(id(expression))
            stack.append((expression, True))
            stack += [(part, False) for part in expression.parts]
    return found


def depth(end: Expression) -> int:
    """Return how many sums, products, powers and functions stand one within the other, at most."""
    found: dict[int, int] = {}
    for each in in_order([end]):
        found[id(each)] = max((found[id(part)] + _is_within(part, each) for part in each.parts), default=0)
    return found[id(end)]


def _is_within(part: Expression, whole: Expression) -> bool:
    """Whether an operation is a level of its own in another one: a + (b + c) is one sum."""
    return not any({part.operation, whole.operation} <= signs for signs in ({"+", "-", "negative"}, {"*", "/"}))


def _plain(operation: str, left: Expression, right: Expression) -> Expression | None:
    """Return what an operation with a number comes to, where that is shorter."""
    first = left.value if left.operation == "number" else None
    last = right.value if right.operation == "number" else None
    if first is not None and last is not None:
        return number(ARITHMETIC[operation](first, last))
    if (operation in "+-" and last == 0) or (operation in "*/" and last == 1):
        return left
    if (operation == "+" and first == 0) or (operation == "*" and first == 1):
        return right
    if operation == "-" and first == 0:
        return negative(right)
    if (operation == "*" and 0 in (first, last)) or (operation == "/" and first == 0):
        return number(0.0)
    return None


def _terms(operation: str, left: Expression, right: Expression) -> int | None:
    if left.terms is None or right.terms is None:
        return None
    if operation == "/":
        return left.terms if right.operation == "number" else None
    return left.terms * right.terms if operation == "*" else left.terms + right.terms
