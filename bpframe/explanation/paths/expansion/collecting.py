"""Brackets multiplied out and like terms collected, to see how many terms there are."""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

from bpframe.explanation.paths.expansion.expression import Expression, in_order

__all__ = ["MOST_TERMS", "collected_terms"]

#: A product of symbols, each with its power, in order.
Monomial: TypeAlias = tuple[tuple[str, int], ...]
Polynomial: TypeAlias = dict[Monomial, float]

#: How many terms may come of multiplying out, before like ones are collected.
MOST_TERMS = 10_000


def collected_terms(formula: Expression) -> int | None:
    """Return how many terms a polynomial has, like ones collected; None where it is none, or above `MOST_TERMS`."""
    if formula.terms is None or formula.terms > MOST_TERMS:
        return None
    found: dict[int, Polynomial] = {}
    for each in in_order([formula]):
        parts = [found[id(part)] for part in each.parts]
        match each.operation:
            case "number":
                found[id(each)] = {(): each.value} if each.value else {}
            case "symbol":
                found[id(each)] = {((each.name, 1),): 1.0}
            case "negative":
                found[id(each)] = {monomial: -value for monomial, value in parts[0].items()}
            case "+" | "-":
                sign = -1 if each.operation == "-" else 1
                found[id(each)] = _without_zeros(
                    parts[0] | {key: parts[0].get(key, 0.0) + sign * value for key, value in parts[1].items()}
                )
            case "*":
                found[id(each)] = _product(parts[0], parts[1])
            case "/":
                found[id(each)] = {key: value / each.parts[1].value for key, value in parts[0].items()}
            case _:
                base = result = parts[0]
                for _ in range(int(each.value) - 1):
                    result = _product(result, base)
                found[id(each)] = result
    return len(found[id(formula)])


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for one, factor in left.items():
        for other, value in right.items():
            key = tuple(sorted((Counter(dict(one)) + Counter(dict(other))).items()))
            found[key] = found.get(key, 0.0) + factor * value
    return _without_zeros(found)


def _without_zeros(polynomial: Polynomial) -> Polynomial:
    return {key: value for key, value in polynomial.items() if value}
