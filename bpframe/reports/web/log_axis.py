"""A logarithmic axis: the powers of ten that it reaches over, how they are written, and labels that stand apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

__all__ = ["apart", "decades", "power_of_ten"]


def decades(sizes: Iterable[float]) -> tuple[int, int]:
    """Return the exponents of two powers of ten between which all sizes lie, which are positive, of any length."""
    logarithms = [math.log10(size) for size in sizes]
    if not logarithms:
        return -1, 0
    low = math.floor(min(logarithms))
    return low, max(math.ceil(max(logarithms)), low + 1)


def power_of_ten(power: int) -> str:
    """Return how an axis writes a power of ten: 0.01, 1,000, 10⁶."""
    if -3 < power < 4:
        return f"{10**power:,}" if power > 0 else f"{10.0**power:g}"
    return "10" + "".join("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".index(sign)] for sign in str(power))


def apart(heights: Mapping[str, float], by: float, top: float, bottom: float) -> dict[str, float]:
    """Return where labels stand: at their heights, moved `by` apart where they would lie on one another."""
    order = sorted(heights, key=heights.__getitem__)
    found: dict[str, float] = {}
    y = -math.inf
    for name in order:
        y = found[name] = max(y + by, heights[name], top)
    for number, name in enumerate(reversed(order)):
        found[name] = min(found[name], bottom - by * number)
    return {name: found[name] for name in heights}
