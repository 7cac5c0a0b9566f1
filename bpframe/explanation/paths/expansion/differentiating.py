"""How long are the derivatives of a formula that is differentiated as it stands, each by itself?

By the rules for sums, products, quotients, powers and functions, with nothing kept for another place or another weight:

    (a b)' = a' b + a b'    (a/b)' = a'/b − (a b')/(b b)    (a^k)' = k a^{k−1} a'    f(a)' = f'(a) a'

What is 1 or −1 multiplies nothing, what is 0 is left out. Counted are × ÷ of all derivatives together.
"""

from __future__ import annotations

from collections.abc import Sequence

from bpframe.explanation.paths.expansion.expression import Expression, in_order

__all__ = ["MOST_BYTES", "direct_multiplications"]

#: How many bytes may say which weights each part of a formula depends on.
MOST_BYTES = 1 << 28


def direct_multiplications(formula: Expression, weights: Sequence[str]) -> int | None:
    """Return the × ÷ of the derivatives by all weights, each written out; None where to count takes too much memory."""
    order = in_order([formula])
    if len(order) * (len(weights) // 8 + 32) > MOST_BYTES:
        return None
    place = {name: 1 << number for number, name in enumerate(weights)}
    depends: dict[int, int] = {}  #: the weights that a part depends on, as bits
    units: dict[int, int] = {}  #: those by which its derivative is 1 or −1
    counts: dict[int, int] = {}  #: the × ÷ of all its derivatives
    for each in order:
        parts = each.parts
        first, last = (id(parts[0]), id(parts[-1])) if parts else (0, 0)
        if not parts:
            own = place.get(each.name, 0) if each.operation == "symbol" else 0
            depends[id(each)], units[id(each)], counts[id(each)] = own, own, 0
            continue
        depends[id(each)] = depends[first] | depends[last]
        units[id(each)], counts[id(each)] = 0, counts[first] + (counts[last] if len(parts) == 2 else 0)
        n, m = depends[first].bit_count(), parts[0].multiplications
        one = units[first].bit_count()
        match each.operation:
            case "negative":
                units[id(each)] = units[first]
            case "+" | "-":
                units[id(each)] = units[first] & ~depends[last] | units[last] & ~depends[first]
            case "*":
                counts[id(each)] += n * parts[1].multiplications + n - one
                counts[id(each)] += depends[last].bit_count() * (m + 1) - units[last].bit_count()
            case "/":
                below = parts[1].multiplications
                counts[id(each)] += n * (below + 1)
                multiplies = not (parts[0].operation == "number" and abs(parts[0].value) == 1)
                counts[id(each)] += depends[last].bit_count() * (m + 2 * below + 2 + multiplies)
                counts[id(each)] -= multiplies * units[last].bit_count()
            case "power":
                counts[id(each)] += n * (_power(m, each.value - 1) + 2) - one
            case "call":
                counts[id(each)] += n * (m + 1) - one
    return counts[id(formula)]


def _power(multiplications: int, exponent: float) -> int:
    """Return the multiplications of a power of what takes so many."""
    if exponent == int(exponent) and exponent > 1:
        return multiplications + int(exponent) - 1
    return multiplications
