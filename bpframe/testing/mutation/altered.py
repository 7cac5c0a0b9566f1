"""Operators whose products do not belong together: what a mutant, or an author's slip, can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.core.operators import Operator
from bpframe.core.operators.base import Shape
from bpframe.measured.draft import CoupledMeasured
from bpframe.validation.plain_arrays import Array

__all__ = ["PRODUCTS", "Altered", "Joint", "Product"]


class Joint(CoupledMeasured):
    """The Jacobian of a whole batch, written out: j (N·outputs, N·inputs)."""

    structure = "joint"

    def __init__(self, j: Array, examples: int) -> None:
        self._j = j
        self.count = examples

    @property
    def _matrix(self) -> Array:
        return self._j

    def _array(self) -> Array:
        return self._j


#: A product of a part: with a vector, and with the buffer or the number of examples that come with it.
Product = Callable[[Operator, Array, Any], Array]


class Altered(Operator):
    """An operator with some of its products, named, replaced by functions of the operator and of their arguments."""

    def __init__(self, part: Operator, **products: Product) -> None:
        self.part = part
        self.products = products

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
        return self.products["jvp"](self.part, v, out) if "jvp" in self.products else self.part.jvp(v)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back."""
        return self.products["vjp"](self.part, u, out) if "vjp" in self.products else self.part.vjp(u)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent."""
        product = self.products.get("shared_jvp")
        return product(self.part, v, batch) if product else self.part.shared_jvp(v, batch)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back and add."""
        return self.products["sum_vjp"](self.part, u, out) if "sum_vjp" in self.products else self.part.sum_vjp(u)


def _stacks(vector: Array, shape: Shape) -> int:
    return vector.ndim - len(shape) - 1


def _without_last(part: Operator, u: Array, out: Any) -> Array:
    pulled = np.array(part.vjp(u))
    if pulled.size:
        pulled.reshape(*pulled.shape[: pulled.ndim - len(part.in_shape)], -1)[..., -1] = 0
    return pulled


def _of_a_stack_reversed(part: Operator, u: Array, out: Any) -> Array:
    pulled = part.vjp(u)
    return pulled[::-1] if _stacks(u, part.out_shape) else pulled


def _mean(part: Operator, u: Array, out: Any) -> Array:
    return np.asarray(part.sum_vjp(u) / max(u.shape[_stacks(u, part.out_shape)], 1))


def _overwriting(part: Operator, u: Array, out: Any) -> Array:
    pulled = np.array(part.vjp(u))
    if u.flags.writeable:
        u[...] = 0
    return pulled


#: Mutations of the products, by name.
PRODUCTS: dict[str, dict[str, Product]] = {
    "vjp off by 1 %, jvp right": {
        "vjp": lambda part, u, out: part.vjp(u) * 1.01,
        "sum_vjp": lambda part, u, out: part.sum_vjp(u) * 1.01,
    },
    "vjp without the last feature, jvp right": {"vjp": _without_last},
    "vjp of the example before, jvp right": {
        "vjp": lambda part, u, out: np.roll(part.vjp(u), 1, axis=_stacks(u, part.out_shape))
    },
    "jvp right without or with one stack axis only": {
        "jvp": lambda part, v, out: part.jvp(v) * (1.01 if _stacks(v, part.in_shape) > 1 else 1)
    },
    "jvp right with stacks only": {
        "jvp": lambda part, v, out: part.jvp(v) * (1 if _stacks(v, part.in_shape) else 1.01)
    },
    "vjp of a stack in reverse": {"vjp": _of_a_stack_reversed},
    "sum_vjp a mean": {"sum_vjp": _mean},
    "sum_vjp right without stacks only": {
        "sum_vjp": lambda part, u, out: part.sum_vjp(u) * (1.01 if _stacks(u, part.out_shape) else 1)
    },
    "shared_jvp doubled": {"shared_jvp": lambda part, v, batch: 2 * part.shared_jvp(v, batch)},
    "conjugating": {"jvp": lambda part, v, out: part.jvp(v.conj()), "vjp": lambda part, u, out: part.vjp(u.conj())},
    "jvp of |v|": {"jvp": lambda part, v, out: part.jvp(np.abs(v))},
    "vjp overwrites its argument": {"vjp": _overwriting},
    "jvp returns its buffer unwritten": {"jvp": lambda part, v, out: part.jvp(v) if out is None else out},
}
