"""Operators whose products do not belong together: what a mutant, or an author's slip, can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpframe.core.operators import Operator
from bpframe.validation.plain_arrays import Array

__all__ = ["PRODUCTS", "Altered", "Joint"]


class Joint(Operator):
    """The Jacobian of a whole batch, written out.

    Shapes: j (N·outputs, N·inputs).
    """

    couples_batch = True

    def __init__(self, j: Array, examples: int) -> None:
        self.j = j
        self.examples = examples

    @property
    def batch(self) -> int:
        """The number of examples."""
        return self.examples

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push the whole batch forward."""
        stack = v.shape[: v.ndim - len(self.in_shape) - 1]
        pushed = np.matmul(v.reshape(*stack, self.j.shape[1]), self.j.T)
        return np.asarray(pushed.reshape(*stack, self.examples, *self.out_shape))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull the whole batch back."""
        stack = u.shape[: u.ndim - len(self.out_shape) - 1]
        pulled = np.matmul(u.reshape(*stack, self.j.shape[0]), self.j)
        return np.asarray(pulled.reshape(*stack, self.examples, *self.in_shape))


class Altered(Operator):
    """An operator with one of its products changed by a subclass."""

    def __init__(self, part: Operator) -> None:
        self.part = part

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether the part couples the batch."""
        return self.part.couples_batch

    @property
    def batch(self) -> int | None:
        """The part's number of examples."""
        return self.part.batch

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward."""
        return self.part.jvp(v)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back."""
        return self.part.vjp(u)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent."""
        return self.part.shared_jvp(v, batch)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back and add."""
        return self.part.sum_vjp(u)

    def _depth(self, argument: Array, features: int) -> int:
        """The number of stack axes."""
        return argument.ndim - features - 1


class _VjpScaled(Altered):
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return self.part.vjp(u) * 1.01

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        return self.part.sum_vjp(u) * 1.01


class _VjpEntryLost(Altered):
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = np.array(self.part.vjp(u))
        if pulled.size:
            pulled.reshape(*pulled.shape[: pulled.ndim - len(self.in_shape)], -1)[..., -1] = 0
        return pulled


class _JvpStacksWrong(Altered):
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return self.part.jvp(v) * (1.01 if self._depth(v, len(self.in_shape)) > 1 else 1)


class _VjpStacksReversed(Altered):
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = self.part.vjp(u)
        return pulled[::-1] if self._depth(u, len(self.out_shape)) else pulled


class _JvpAloneWrong(Altered):
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return self.part.jvp(v) * (1 if self._depth(v, len(self.in_shape)) else 1.01)


class _SumIsMean(Altered):
    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        batch = u.shape[self._depth(u, len(self.out_shape))]
        return np.asarray(self.part.sum_vjp(u) / max(batch, 1))


class _SharedScaled(Altered):
    def shared_jvp(self, v: Array, batch: int) -> Array:
        return 2 * self.part.shared_jvp(v, batch)


class _SumAlone(Altered):
    """Right without stacks, and only there."""

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        return self.part.sum_vjp(u) * (1.01 if self._depth(u, len(self.out_shape)) else 1)


class _Conjugating(Altered):
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return self.part.jvp(v.conj())

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return self.part.vjp(u.conj())


class _OfAbsolute(Altered):
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return self.part.jvp(np.abs(v))


class _Overwriting(Altered):
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = np.array(self.part.vjp(u))
        if u.flags.writeable:
            u[...] = 0
        return pulled


class _BufferUnwritten(Altered):
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return self.part.jvp(v) if out is None else out


class _ExamplesMixed(Altered):
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.roll(self.part.vjp(u), 1, axis=self._depth(u, len(self.out_shape)))


#: Mutations of the products, by name.
PRODUCTS: dict[str, Callable[[Operator], Altered]] = {
    "vjp off by 1 %, jvp right": _VjpScaled,
    "vjp without the last feature, jvp right": _VjpEntryLost,
    "vjp of the example before, jvp right": _ExamplesMixed,
    "jvp right without or with one stack axis only": _JvpStacksWrong,
    "jvp right with stacks only": _JvpAloneWrong,
    "vjp of a stack in reverse": _VjpStacksReversed,
    "sum_vjp a mean": _SumIsMean,
    "sum_vjp right without stacks only": _SumAlone,
    "shared_jvp doubled": _SharedScaled,
    "conjugating": _Conjugating,
    "jvp of |v|": _OfAbsolute,
    "vjp overwrites its argument": _Overwriting,
    "jvp returns its buffer unwritten": _BufferUnwritten,
}
