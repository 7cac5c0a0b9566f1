"""Arrays in the order of a recurrent layer's steps: the step first, so that what one step needs lies together."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bpframe.extend import Array, WeightTimes

__all__ = ["WeightTimesByStep", "by_step", "by_time", "cuts", "stacked"]


def by_step(x: Array, backward: bool) -> Array:
    """Move time to the front, from its end where the loop goes backwards: (*lead, T, n) -> (T, *lead, n), a view."""
    moved = np.moveaxis(x, -2, 0)
    return moved[::-1] if backward else moved


def by_time(steps: Array, backward: bool) -> Array:
    """Undo `by_step`: (T, *lead, n) -> (*lead, T, n), a view."""
    return np.moveaxis(steps[::-1] if backward else steps, 0, -2)


def stacked(v: Array, backward: bool) -> tuple[tuple[int, ...], Array]:
    """Join stack axes, and order by step: the stack, and (T, S, N, n) in memory of its own, for v (*S, N, T, n)."""
    stack = v.shape[:-3]
    return stack, by_step(v.reshape(math.prod(stack), *v.shape[-3:]), backward).copy()


def cuts(times: int, truncate: int | None) -> Iterator[bool]:
    """Say of each step whether no derivative comes from the step before: of the first, and every `truncate` steps."""
    return (not step or (truncate is not None and step % truncate == 0) for step in range(times))


class WeightTimesByStep(WeightTimes):
    """`WeightTimes` whose sum over examples and steps goes through memory in the order of the steps."""

    __slots__ = ()

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and steps as one product, δᵀ a."""
        if u.ndim != 3:
            return super().sum_vjp(u, out)
        u, a = u.swapaxes(0, 1), self.a.swapaxes(0, 1)
        if u.strides[0] < 0:
            u, a = u[::-1], a[::-1]
        count = u.shape[0] * u.shape[1]
        return np.matmul(u.reshape(count, u.shape[2]).T, a.reshape(count, a.shape[2]), out=out)
