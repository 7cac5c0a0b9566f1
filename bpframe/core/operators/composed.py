"""Operators one after another: multiply along a path."""

from __future__ import annotations

import operator
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from bpframe.core.operators.adding import add
from bpframe.core.operators.base import Operator, Shape, refuse_neighbour
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Composed", "chain_shapes"]


class Composed(Operator):
    """Apply several operators one after another; the last factor comes first.

        J v = A (B v),    Jᵀ u = Bᵀ (Aᵀ u)    for factors (A, B)

    Shapes: inputs are those of the last factor, outputs those of the first. `bind` hands shapes on to the factors that
    lack them. Cost: the sum of the factors' costs. Lazy: `compose` simplifies, this class does not.

    Errors: `check` refuses neighbours that do not fit, and whatever a factor refuses.

    Source: eq. (6), the chain rule.
    """

    __slots__ = ("factors",)

    def __init__(self, factors: tuple[Operator, ...]) -> None:
        self.factors = factors

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward through the factors, the last one first."""
        factors = self.factors
        for factor in factors[:0:-1]:
            v = factor.jvp(v)
        return factors[0].jvp(v, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back through the factors, the first one first."""
        factors = self.factors
        for factor in factors[:-1]:
            u = factor.vjp(u)
        return factors[-1].vjp(u, out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent: it stays shared up to the first factor that tells the examples apart."""
        apart, shared = self._parted()
        for factor in reversed(shared):
            axis = v.ndim - len(factor.in_shape)
            v = factor.jvp(np.expand_dims(v, axis)).squeeze(axis)
        v = apart[-1].shared_jvp(v, batch)
        for factor in apart[-2::-1]:
            v = factor.jvp(v)
        return v

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples: Σ_n (A_n B)ᵀ u_n = Bᵀ Σ_n A_nᵀ u_n, as early as the factors allow."""
        apart, shared = self._parted()
        for factor in apart[:-1]:
            u = factor.vjp(u)
        u = apart[-1].sum_vjp(u, None if shared else out)
        for factor in shared:
            axis = u.ndim - len(factor.out_shape)
            u = factor.vjp(np.expand_dims(u, axis)).squeeze(axis)
        return u

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Return the last factor's form of what the others pulled back; factors that only reshape keep the form."""
        factors = self.factors
        last = len(factors) - 1
        while last and factors[last]._only_reshapes:
            last -= 1
        for factor in factors[:last]:
            u = factor.vjp(u)
        form = factors[last].kronecker_form(u)
        return form if last == len(factors) - 1 else form.reshaped(factors[-1].in_shape)

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether a factor couples the batch."""
        return any(factor.couples_batch for factor in self.factors)

    @property
    def cost(self) -> int:
        """The sum of the factors' costs."""
        joints = chain_shapes(self.factors, *self._known_shapes())
        return sum(factor.cost for factor in _bound(self.factors, joints))

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Multiply the factors' sparse arrays."""
        return reduce(operator.matmul, (factor.sparse(batch, dtype) for factor in self.factors))

    @property
    def structure(self) -> str:
        """The factors' structures, joined by ∘."""
        return " ∘ ".join(f"({f.structure})" if " + " in f.structure else f.structure for f in self.factors)

    def bind(self, in_shape: Shape, out_shape: Shape) -> Self:
        """Set the shapes, here and in the factors that have none and get one from their neighbours."""
        self.in_shape = in_shape
        self.out_shape = out_shape
        if not all(factor._is_bound() for factor in self.factors):
            joints = chain_shapes(self.factors, in_shape, out_shape)
            if None in joints:
                joints = chain_shapes(_assumed(self.factors, joints), in_shape, out_shape)
            self.factors = _bound(self.factors, joints)
        return self

    @property
    def _parts(self) -> tuple[Operator, ...]:
        return self.factors

    @property
    def _ignores_examples(self) -> bool:
        return all(factor._ignores_examples for factor in self.factors)

    def _parted(self) -> tuple[tuple[Operator, ...], tuple[Operator, ...]]:
        """The factors up to the last that tells the examples apart (or the first one), and those after it."""
        place = len(self.factors)
        while place > 1 and self.factors[place - 1]._ignores_examples:
            place -= 1
        return self.factors[:place], self.factors[place:]

    def _plus(self, other: Operator) -> Operator | None:
        """A B + A C = A (B + C), where both begin with the same object."""
        if not isinstance(other, Composed) or self.factors[0]._original() != other.factors[0]._original():
            return None
        behind = (each.factors[1:] for each in (self, other))
        total = add(*(factors[0] if len(factors) == 1 else Composed(factors) for factors in behind))
        return Composed((self.factors[0], *(total.factors if isinstance(total, Composed) else (total,))))

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        shapes = chain_shapes(self.factors, in_shape, out_shape)
        return shapes[-1], shapes[0]

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        if any(shape is not None for shape in chain_shapes(self.factors, *self._known_shapes())):
            return None, None
        in_shape, _ = self.factors[-1]._assumed_shapes()
        return self._infer(in_shape, None)

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        chain_shapes(self.factors, in_shape, out_shape)


def chain_shapes(
    factors: tuple[Operator, ...], in_shape: Shape | None = None, out_shape: Shape | None = None
) -> list[Shape | None]:
    """Find the shapes at the joints of a chain A ∘ B ∘ ...: [out of A, in of A = out of B, ..., in of the last].

    A shape that follows neither from a factor's arrays nor from its neighbours is None.

    Errors: OperatorError where two neighbours, or the chain's own shapes, disagree.
    """
    joints: list[Shape | None] = [out_shape, *[None] * (len(factors) - 1), in_shape]
    unfinished = []
    for place, factor in enumerate(factors):
        known_in, known_out = factor._known_shapes()
        _agree(factors, joints, place, known_out, place)
        _agree(factors, joints, place + 1, known_in, place)
        if known_in is None or known_out is None:
            unfinished.append(place)
    # From the input to the output and back: no shape travels farther.
    for place in (*reversed(unfinished), *unfinished):
        known_in, known_out = factors[place]._infer(joints[place + 1], joints[place])
        _agree(factors, joints, place, known_out, place)
        _agree(factors, joints, place + 1, known_in, place)
    return joints


def _agree(
    factors: tuple[Operator, ...], joints: list[Shape | None], joint: int, shape: Shape | None, place: int
) -> None:
    """Note a factor's shape at a joint, or refuse it where the joint has another one."""
    found = joints[joint]
    if shape is None or found == shape:
        return
    if found is not None:
        refuse_neighbour(factors[place], Composed(factors), "input" if joint > place else "output", found, shape)
    joints[joint] = shape


def _assumed(factors: tuple[Operator, ...], joints: list[Shape | None]) -> tuple[Operator, ...]:
    """The factors, of which those that nothing tells their shapes take those that their arrays have as they are.

    They do where such a shape stands at another joint: a 1 in an array may stand for any length, and is then one.
    """
    return tuple(
        factor._with_shapes(*assumed) if outer is None and inner is None and {*assumed} <= {*joints} else factor
        for factor, (outer, inner) in zip(factors, pairwise(joints), strict=True)
        for assumed in (factor._assumed_shapes(),)
    )


def _bound(factors: tuple[Operator, ...], joints: list[Shape | None]) -> tuple[Operator, ...]:
    """The factors with the joints' shapes."""
    return tuple(
        factor._with_shapes(in_shape, out_shape)
        for factor, (out_shape, in_shape) in zip(factors, pairwise(joints), strict=True)
    )
