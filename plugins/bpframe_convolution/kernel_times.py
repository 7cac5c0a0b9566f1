"""The Jacobian of a convolution in its kernel, whose sum over all places is a product of long and thin matrices."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, WeightTimes

__all__ = ["KernelTimes"]

#: OpenBLAS multiplies matrices of up to a million multiply-adds without packing them first.
_SMALL_PRODUCT = 10**6

#: Blocks of fewer places cost more to add up than they save.
_FEWEST = 64


class KernelTimes(WeightTimes):
    """`WeightTimes` of windows: V ↦ V a, whose gradient Σ δ aᵀ goes over far more places than it has entries.

    With blocks of places, each a small product, and their sum, it takes half the time that one product takes.

    Shapes: a (N, *places, n), the windows; inputs (m, n), outputs (*places, m), as `WeightTimes` has them.
    """

    __slots__ = ()

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and places: (*S, N, *places, m) -> (*S, m, n)."""
        a = self.a
        places, entries, units = math.prod(a.shape[1:-1]), a.shape[-1], u.shape[-1]
        block = _block(places, entries * units)
        if u.ndim != a.ndim or not block:
            return super().sum_vjp(u, out)
        blocks = len(a) * (places // block)
        products = np.matmul(a.reshape(blocks, block, entries).swapaxes(1, 2), u.reshape(blocks, block, units))
        total: Array = np.add.reduce(products, axis=0).T
        return total


def _block(places: int, entries: int) -> int:
    """The most places, a part of all, whose product is small; 0 where blocks do not pay."""
    if places * entries < _SMALL_PRODUCT // 10:
        return 0
    parts = [part for part in range(1, places // _FEWEST + 1) if not places % part]
    return max([places // part for part in parts if places // part * entries <= _SMALL_PRODUCT], default=0)
