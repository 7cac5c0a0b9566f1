"""The Jacobian without structure: every partial derivative written out."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.errors import OperatorError
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["BatchMatrix", "dense_operator"]


class BatchMatrix(Operator):
    """Multiply by one matrix per example.

        (J v)_n = j_n v_n,    (Jᵀ u)_n = j_nᵀ u_n

    Shapes: j (N, *out_shape, *in_shape), or (1, *out_shape, *in_shape) where all examples share it. Unless bound,
    `out_ndim` says how many axes belong to the output, by default half of them. Cost: outputs × inputs multiply-adds.

    Errors: `check` refuses a j of another shape.

    Source: eq. (19), whose 2×2 matrix is the transpose of such a Jacobian.
    """

    __slots__ = ("j", "out_ndim")

    structure = "batch matrix"
    _arrays: ClassVar = {"j": 1}

    def __init__(self, j: Array, out_ndim: int | None = None) -> None:
        self.j = j
        self.out_ndim = out_ndim

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: j_n v_n for every example."""
        return _push(self._matrices(), v, len(self.in_shape), self.out_shape, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: j_nᵀ u_n for every example, eq. (19)."""
        return _push(self._matrices().swapaxes(1, 2), u, len(self.out_shape), self.in_shape, out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent through all matrices as one product."""
        in_shape, out_shape = self.in_shape, self.out_shape
        stack = v.shape[: v.ndim - len(in_shape)]
        examples = self.j.shape[0]
        tall = self.j.reshape(examples * math.prod(out_shape), math.prod(in_shape))
        pushed = np.matmul(v.reshape(math.prod(stack), tall.shape[1]), tall.T).reshape(*stack, examples, *out_shape)
        return pushed if examples == batch else np.broadcast_to(pushed, (*stack, batch, *out_shape))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples, Σ_n j_nᵀ u_n, as one product over examples and outputs."""
        in_shape, out_shape = self.in_shape, self.out_shape
        axis = u.ndim - len(out_shape) - 1
        stack = u.shape[:axis]
        if self.j.shape[0] == 1:
            u = add_over(u, axis, None)
        rows = self.j.shape[0] * math.prod(out_shape)
        tall = self.j.reshape(rows, math.prod(in_shape))
        pulled: Array = np.matmul(u.reshape(math.prod(stack), rows), tall).reshape(stack + in_shape)
        return pulled

    def dense(self, like: Array | None = None) -> Array:
        """Return j itself."""
        return self.j

    def _rows(self, kind: Array) -> Rows:
        return self._matrices(), None

    def _matrices(self) -> Array:
        """(B, outputs, inputs)."""
        return self.j.reshape(self.j.shape[0], math.prod(self.out_shape), math.prod(self.in_shape))

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        axes = self.j.shape[1:]
        if out_shape is not None:
            split = len(out_shape)
        elif in_shape is not None:
            split = max(len(axes) - len(in_shape), 0)
        elif self.out_ndim is not None:
            split = self.out_ndim
        else:
            return None, None
        return (axes[split:] if in_shape is None else in_shape, axes[:split] if out_shape is None else out_shape)

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        axes = self.j.shape[1:]
        half, odd = divmod(len(axes), 2)
        return (None, None) if odd else (axes[half:], axes[:half])

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if self.j.shape[1:] != out_shape + in_shape:
            self._refuse_array("j", f"{out_shape}, *{in_shape}) for {in_shape} -> {out_shape}")


def dense_operator(array: Array, in_shape: Shape, out_shape: Shape) -> BatchMatrix:
    """Make an operator of a Jacobian that was written out as a plain array.

        array[n, *i, *j] = ∂y_{n,i} / ∂x_{n,j}

    Shapes: (N, *out_shape, *in_shape), or (*out_shape, *in_shape) where all examples share it.

    Errors: OperatorError for any other shape, and for anything that is no array.
    """
    wanted = out_shape + in_shape
    shape = getattr(array, "shape", None)
    if shape is not None:
        if shape[1:] == wanted and len(shape) == len(wanted) + 1:
            return BatchMatrix(array).bind(in_shape, out_shape)
        if shape == wanted:
            return BatchMatrix(array[None]).bind(in_shape, out_shape)
    text = ", ".join(map(str, wanted))
    swapped = shape is not None and shape in (in_shape + out_shape, shape[:1] + in_shape + out_shape)
    raise OperatorError(
        f"an array cannot be the Jacobian of a map {in_shape} -> {out_shape}",
        expected=f"(N, {text}), or ({text}) shared by the batch: outputs first, then inputs",
        received=type(array).__name__ if shape is None else str(shape),
        hint="the transpose: the input's axes come last" if swapped else None,
    )


def _push(matrices: Array, x: Array, feature_ndim: int, to_shape: Shape, out: Array | None) -> Array:
    """Multiply (B, rows, columns) by (*S, N, *columns): -> (*S, N, *to_shape)."""
    rows, columns = matrices.shape[1:]
    axis = x.ndim - feature_ndim - 1
    stack, examples = x.shape[:axis], x.shape[axis]
    count = math.prod(stack)
    result: Array
    if matrices.shape[0] == 1:
        result = np.matmul(x.reshape(count * examples, columns), matrices[0].T)
    elif not stack:
        columns_in = x.reshape(examples, columns, 1)
        if out is not None and out.flags.c_contiguous:
            np.matmul(matrices, columns_in, out=out.reshape(examples, rows, 1))
            return out
        result = np.matmul(matrices, columns_in)
    else:
        # The stack becomes the columns of one product per example; (N, rows, S) -> (S, N, rows) is a view.
        by_example = x.reshape(count, examples, columns).transpose(1, 2, 0)
        result = np.matmul(matrices, by_example).transpose(2, 0, 1)
    return result.reshape(*stack, examples, *to_shape)
