"""The Jacobian of a value that is repeated, such as a bias."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.matrix_form import Rows, rows_of_ones
from bpframe.validation.plain_arrays import Array

__all__ = ["Broadcast"]

# From this many rows on, a product with ones (BLAS) is faster than NumPy's reduction over axis 0, at any width.
_MANY_ROWS = 96


class Broadcast(Operator):
    """Repeat the input along leading feature axes.

        (J v)_{lead, i} = v_i,    (Jᵀ u)_i = Σ_lead u_{lead, i}

    Shapes: inputs in_shape, outputs (*lead, *in_shape); lead may be empty, which is the identity for every example.
    `bind` states both. jvp returns a read-only view. Cost: one move or addition per output. Broadcasts compose.

    Errors: OperatorError where the shapes are needed and nobody has bound them. `check` refuses outputs that do not
    end with the input's axes.

    Source: BP3, ∂C/∂b = Σ_n δ_n.
    """

    __slots__ = ()

    structure = "broadcast"

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Repeat: (*S, N, *in_shape) -> (*S, N, *lead, *in_shape)."""
        in_shape, out_shape = self.in_shape, self.out_shape
        kept = v.shape[: v.ndim - len(in_shape)]
        if in_shape == out_shape:
            return v
        spread = v.reshape(*kept, *(1,) * (len(out_shape) - len(in_shape)), *in_shape)
        return np.broadcast_to(spread, (*kept, *out_shape))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over lead: (*S, N, *lead, *in_shape) -> (*S, N, *in_shape)."""
        in_shape, out_shape = self.in_shape, self.out_shape
        if in_shape == out_shape:
            return u
        axis = u.ndim - len(out_shape)
        return add_over(_join(u, axis, len(in_shape)), axis, out)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and lead: (*S, N, *lead, *in_shape) -> (*S, *in_shape) (BP3)."""
        in_ndim = len(self.in_shape)
        if u.ndim == 2 and in_ndim == 1:  # a bias, as it mostly is
            axis = 0
        else:
            axis = u.ndim - len(self.out_shape) - 1
            if u.ndim - in_ndim - axis > 1:
                u = _join(u, axis, in_ndim)
        if u.ndim == 2 and in_ndim == 1 and u.shape[0] >= _MANY_ROWS:
            return np.matmul(np.ones_like(u, shape=u.shape[:1]), u, out=out)
        return add_over(u, axis, out)

    def kronecker_form(self, u: Array) -> KroneckerForm:
        """Keep the errors, one for each entry of lead; the other side is 1."""
        in_ndim, axis = len(self.in_shape), u.ndim - len(self.out_shape)
        places = math.prod(self.out_shape[: len(self.out_shape) - in_ndim])
        left = u.reshape(*u.shape[:axis], places, math.prod(self.in_shape))
        return KroneckerForm(left, np.ones_like(left, shape=(*left.shape[-3:-1], 1)), self.in_shape)

    @property
    def cost(self) -> int:
        """One move or addition per output."""
        return math.prod(self.out_shape)

    def _rows(self, kind: Array) -> Rows:
        return rows_of_ones(math.prod(self.out_shape), math.prod(self.in_shape), kind)

    _ignores_examples = True

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if out_shape[max(len(out_shape) - len(in_shape), 0) :] != in_shape:
            self._refuse(
                "cannot repeat to its output's shape",
                f"outputs of shape ({', '.join(['*lead', *map(str, in_shape)])})",
                f"outputs of shape {out_shape}",
            )

    def _after(self, other: Operator) -> Operator | None:
        return Broadcast() if isinstance(other, Broadcast) else None


def _join(u: Array, axis: int, feature_ndim: int) -> Array:
    """Make one axis of all from `axis` up to the features."""
    features = u.ndim - feature_ndim
    return u.reshape(*u.shape[:axis], math.prod(u.shape[axis:features]), *u.shape[features:])
