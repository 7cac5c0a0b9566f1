"""How long are the derivatives of a formula that is differentiated as it stands, each by itself?

By the rules for sums, products, quotients, powers and functions, with nothing kept for another place or another weight:

    (a b)' = a' b + a b'    (a/b)' = a'/b − (a b')/(b b)    (a^k)' = k a^{k−1} a'    f(a)' = f'(a) a'

What is 1 or −1 multiplies nothing, what is 0 is left out. Counted are × ÷ of all derivatives together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bpframe.explanation.paths.expansion.expression import Expression, in_order

__all__ = ["MOST_BYTES", "direct_multiplications"]

#: How many bytes may be looked through to find out on which weights each part of a formula depends.
MOST_BYTES = 1 << 32


def direct_multiplications(formula: Expression, weights: Sequence[str]) -> int | None:
    """Return the × ÷ of the derivatives by all weights, each written out; None where to count takes too long."""
    order = in_order([formula])
    if len(order) * (len(weights) // 8 + 32) > MOST_BYTES:
        return None
    place = {name: number for number, name in enumerate(weights)}
    uses = Counter(id(part) for each in order for part in each.parts)
    known: dict[int, _Derived] = {}
    for each in order:
        parts = [known[id(part)] for part in each.parts]
        if parts:
            known[id(each)] = _derived(each, parts)
        else:
            own = 1 << place[each.name] if each.operation == "symbol" and each.name in place else 0
            known[id(each)] = _Derived(own, own, 0)
        for part in each.parts:
            uses[id(part)] -= 1
            if not uses[id(part)]:
                known.pop(id(part), None)  # thousands of weights, and as many parts, would fill the memory
    return known[id(formula)].count


@dataclass(frozen=True, slots=True)
class _Derived:
    """The weights that a part depends on, as bits; those by which its derivative is 1 or −1; × ÷ of all derivatives."""

    depends: int
    units: int
    count: int


def _derived(each: Expression, parts: list[_Derived]) -> _Derived:
    first, last = parts[0], parts[-1]
    n, one = first.depends.bit_count(), first.units.bit_count()
    m = each.parts[0].multiplications
    count, units = first.count + (last.count if len(parts) == 2 else 0), 0
    match each.operation:
        case "negative":
            units = first.units
        case "+" | "-":
            units = first.units & ~last.depends | last.units & ~first.depends
        case "*":
            count += n * (each.parts[1].multiplications + 1) - one
            count += last.depends.bit_count() * (m + 1) - last.units.bit_count()
        case "/":
            below = each.parts[1].multiplications
            multiplies = not (each.parts[0].operation == "number" and abs(each.parts[0].value) == 1)
            count += n * (below + 1)
            count += last.depends.bit_count() * (m + 2 * below + 2 + multiplies)
            count -= multiplies * last.units.bit_count()
        case "power":
            count += n * (_power(m, each.value - 1) + 2) - one
        case "call":
            count += n * (m + 1) - one
    return _Derived(first.depends | last.depends, units, count)


def _power(multiplications: int, exponent: float) -> int:
    """Return the multiplications of a power of what takes so many."""
    if exponent == int(exponent) and exponent > 1:
        return multiplications + int(exponent) - 1
    return multiplications
