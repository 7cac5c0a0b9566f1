"""What every operator offers; most of it follows from `jvp` and `vjp` alone."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

from bpframe.core.operators.shaped import Shape, Shaped
from bpframe.errors import BatchCoupledError, OperatorError
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.matrix_form import Rows, dense_form, pushed_rows, sparse_form
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.forms.scipy_view import linear_operator
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator

__all__ = ["Operator", "Shape", "refuse_neighbour", "without_examples"]


#: What to try where an array seems to lack the axis of the examples.
_SHARED = "axis 0 of an operator's arrays counts the examples; where all examples share the array: array[None]"


class Operator(Shaped):
    """A local Jacobian: for every example n of a batch, a linear map from input features to output features.

        jvp: v_n ↦ J_n v_n        vjp: u_n ↦ J_nᵀ u_n

    Shapes: a tangent v is (*S, N, *in_shape), a cotangent u is (*S, N, *out_shape); N is the batch axis and S are
    optional stack axes (several vectors at once). A *shared* tangent, of a parameter that the whole batch shares,
    is (*S, *in_shape). `in_shape` and `out_shape` follow from the operator's arrays where they can; `bind` sets
    them otherwise.

    Results may be the argument itself, a view of it or read-only: treat them as values. `out` is a buffer with the
    result's shape and dtype, apart in memory from the argument, that may be written; use what is returned. `vjp` is
    the plain transpose, without conjugation, so that the complex step passes through. jvp, vjp, shared_jvp and
    sum_vjp do not check shapes; `check` does.

    A subclass implements `jvp` and `vjp`, both with stack axes; the rest is derived. One that knows its shapes sets
    `in_shape` and `out_shape` in its constructor, from which neighbours in a composition learn theirs. One whose
    examples depend on one another sets `couples_batch = True`: its jvp and vjp act on the whole batch.

    Errors: OperatorError where a shape is needed that neither the arrays nor `bind` give.

    Source: Griewank and Walther, Evaluating Derivatives (2nd ed., 2008), chapter 3, for the products' names.
    """

    __slots__ = ()

    couples_batch: ClassVar[bool] = False
    mixed_axes: int | None = None  #: How many of the last axes are mixed, of those before each entry alone; None: any.

    #: The slots that hold arrays, with the fewest axes that each may have; axis 0 counts the examples, or is 1.
    _arrays: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push a tangent forward: J v, (*S, N, *in_shape) -> (*S, N, *out_shape)."""

    @abstractmethod
    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull a cotangent back: Jᵀ u, (*S, N, *out_shape) -> (*S, N, *in_shape)."""

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a tangent that all examples share: (*S, *in_shape) -> (*S, batch, *out_shape)."""
        axis = v.ndim - len(self.in_shape)
        shape = (*v.shape[:axis], batch, *v.shape[axis:])
        return self.jvp(np.broadcast_to(np.expand_dims(v, axis), shape))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back and add over the examples, Σ_n J_nᵀ u_n: (*S, N, *out_shape) -> (*S, *in_shape) (BP3, BP4)."""
        pulled = self.vjp(u)
        return add_over(pulled, pulled.ndim - len(self.in_shape) - 1, out)

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Pull back and keep the result as outer products, J_nᵀ u_n = Σ_l e_{n,l} a_{n,l}ᵀ.

        By default the result itself, times 1. A parameter's operator with more structure overrides this one method,
        and returns a `KroneckerForm` or, where one side is a unit vector, a `ScatteredForm`; norms, inner products and
        curvature per example then follow without the vectors being written out.

        Shapes: u (*S, N, *out_shape) -> left (*S, N, L, m), right (N, L, n), with m·n the size of in_shape.
        """
        vectors = self.vjp(u)
        return KroneckerForm.of_vectors(vectors, vectors.shape[u.ndim - len(self.out_shape) :])

    def pulled_moments(self, moments: Array) -> Iterable[tuple[int | None, Array]]:
        """Yield places with Σ e eᵀ of what reaches them, from Σ u uᵀ of vectors u that are zero but at one place."""
        return ()

    @property
    def batch(self) -> int | None:
        """The number of examples N, or None where one map serves every batch."""
        for name in self._arrays:
            count: int = getattr(self, name).shape[0]
            if count != 1:
                return count
        return next((part.batch for part in self._parts if part.batch is not None), None)

    def check(self, batch: int) -> None:
        """Compare the operator's arrays with its shapes and the batch size.

        Errors: OperatorError that says what was expected and what arrived.
        """
        for part in self._parts:
            part.check(batch)
        for name, axes in self._arrays.items():
            self._check_array(getattr(self, name), name, axes)
        if self.batch not in (None, batch):
            self._refuse("does not hold this batch", f"{batch} examples", f"{self.batch} examples", _SHARED)
        self._check_shapes(self.in_shape, self.out_shape)

    def dense(self, like: Array | None = None) -> Array:
        """Write the map out: (B, *out_shape, *in_shape) with B the batch size, or 1 where the operator is shared.

        `like` gives the kind and dtype of array to compute with; by default the operator's own arrays do, or
        float64 where it has none.

        Errors: BatchCoupledError where the operator couples the batch (`joint_dense` still writes it out).
        """
        if self.couples_batch:
            raise BatchCoupledError(
                f"operator '{self.structure}' couples the examples of a batch and has no dense form per example",
                hint="joint_dense(batch), the Jacobian of the whole batch",
            )
        kind, batch = self._kind(like), 1 if self.batch is None else self.batch
        rows = self._rows(kind) or pushed_rows(self.jvp, batch, self.in_shape, kind)
        found = dense_form(rows, batch, math.prod(self.in_shape), kind)
        return found.reshape(batch, *self.out_shape, *self.in_shape)

    def joint_dense(self, batch: int, like: Array | None = None) -> Array:
        """Write out the Jacobian of a whole batch: (N·outputs, N·inputs); block diagonal unless coupled."""
        size = batch * math.prod(self.in_shape)
        pushed = self.jvp(self._identity(size, like).reshape(size, batch, *self.in_shape))
        return pushed.reshape(size, batch * math.prod(self.out_shape)).T

    @property
    def cost(self) -> int:
        """Multiply-adds that push one vector of one example through; by default those of a dense Jacobian."""
        return math.prod(self.in_shape) * math.prod(self.out_shape)

    @property
    def dense_cost(self) -> int | None:
        """Multiplications that `dense` takes for one example: none, or None where it sends unit vectors through."""
        return None if type(self)._rows is Operator._rows else 0

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Write the Jacobian of a whole batch out without its zeros: (N·outputs, N·inputs), block diagonal.

        By default from the entries of `dense` that are not zero.

        Errors: BatchCoupledError where the operator couples the batch.
        """
        if self.couples_batch:
            self.dense()  # refuses
        kind = np.empty(0, dtype)
        rows = self._rows(kind)
        entries = rows or pushed_rows(self.jvp, batch, self.in_shape, kind)
        found = sparse_form(entries, batch, math.prod(self.in_shape), dtype)
        if rows is None or rows[0].dtype.kind == "b":  # truth values say where there is an entry at all
            found.eliminate_zeros()
        return found

    def root(self) -> Operator:
        """Return an S with S Sᵀ = J, for a symmetric positive semi-definite J.

        Errors: OperatorError where this structure has no root that bpframe knows.
        """
        raise OperatorError(
            f"operator '{self.structure}' has no known root S with S Sᵀ = J",
            expected="a symmetric positive semi-definite operator that implements root(): identity, diagonal",
            received=self.structure,
        )

    def as_linear_operator(self, batch: int | None = None, dtype: npt.DTypeLike | None = None) -> LinearOperator:
        """View the operator as a scipy.sparse.linalg.LinearOperator of shape (N·outputs, N·inputs).

        N is `batch`, by default the operator's own batch size, or 1 where it is shared. `rmatvec` is SciPy's adjoint
        (conjugated), unlike `vjp`.
        """
        if batch is None:
            batch = 1 if self.batch is None else self.batch
        if dtype is None:
            dtype = self._kind(None).dtype
        return linear_operator(self.jvp, self.vjp, (batch, *self.in_shape), (batch, *self.out_shape), np.dtype(dtype))

    def __repr__(self) -> str:
        shapes = []
        for name in ("in_shape", "out_shape"):
            try:
                shapes.append(str(getattr(self, name)))
            except OperatorError:
                shapes.append("?")
        return f"<{self.structure}: {shapes[0]} -> {shapes[1]}>"

    # What a structure tells about itself -------------------------------------------------------------------------

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:  # optional in a subclass
        """Raise OperatorError where these shapes do not fit the structure."""

    def _array(self) -> Array | None:
        """The floating array that gives the kind and dtype of a basis to push; None where there is none."""
        held = (*(getattr(self, name) for name in self._arrays), *(part._array() for part in self._parts))
        return next((array for array in held if array is not None and array.dtype.kind in "fc"), None)

    @property
    def _ignores_examples(self) -> bool:
        """Whether one map surely serves every example, so that it commutes with adding over them."""
        return bool(self._arrays) and self.batch is None

    def _rows(self, kind: Array) -> Rows | None:
        """The entries of each row that may differ from zero, in arrays of this kind; None where they are not known."""
        return None

    #: Whether jvp and vjp leave all numbers in their places and change the shape at most.
    _only_reshapes: ClassVar[bool] = False

    def _after(self, other: Operator) -> Operator | None:
        """The product self ∘ other as one structure, or None to stay lazy."""
        return None

    def _before(self, other: Operator) -> Operator | None:
        """The product other ∘ self as one structure, or None to stay lazy."""
        return None

    def _plus(self, other: Operator) -> Operator | None:
        """The sum self + other as one structure, or None to stay lazy."""
        return None

    # Shared by the structures --------------------------------------------------------------------------------

    def _kind(self, like: Array | None) -> Array:
        """An array of the kind and dtype to compute with."""
        array = self._array() if like is None else like
        return np.empty(0) if array is None else array

    def _identity(self, size: int, like: Array | None) -> Array:
        kind = self._kind(like)
        return np.eye(size, dtype=kind.dtype, like=kind)

    def _refuse(self, problem: str, expected: str, received: str, hint: str | None = None) -> NoReturn:
        raise OperatorError(f"operator '{self.structure}' {problem}", expected=expected, received=received, hint=hint)

    def _refuse_array(self, name: str, fitting: str) -> NoReturn:
        self._refuse(
            f"has {'an' if name in 'aem' else 'a'} {name} that does not fit its shapes",
            f"{name} of shape (N, *{fitting}",
            f"{name} of shape {getattr(self, name).shape}",
        )

    def _check_array(self, array: object, name: str, least_ndim: int) -> None:
        ndim = getattr(array, "ndim", None)
        if ndim is None:
            self._refuse(f"needs an array as {name}", "a NumPy-compatible array", type(array).__name__)
        if ndim < least_ndim:
            self._refuse(f"has too few axes in {name}", f"at least {least_ndim} axes", f"{ndim} axes")


def refuse_neighbour(part: Operator, whole: Operator, side: str, expected: Shape, received: Shape) -> NoReturn:
    """Refuse a part of a chain or a sum whose shape on one side is not the one that the others have there."""
    part._refuse(
        f"does not fit its neighbours in '{whole.structure}'",
        f"{side} shape {expected}",
        f"{side} shape {received}",
        without_examples(expected, received),
    )


def without_examples(expected: Shape, received: Shape) -> str | None:
    """Return a hint where one shape lacks the first axis of the other, which was read as that of the examples."""
    short, long = sorted((expected, received), key=len)
    return _SHARED if len(long) and long[1:] == short else None


def add_over(array: Array, axis: int, out: Array | None) -> Array:
    """Add an array over one axis: (*S, N, *rest) -> (*S, *rest)."""
    # The method, not np.add.reduce: every NumPy-compatible array has it.
    total: Array = array.sum(axis=axis, out=out)
    return total


def one_batch(operators: Iterable[Operator]) -> None:
    """Refuse operators that hold batches of different sizes."""
    held = [(operator.structure, operator.batch) for operator in operators if operator.batch is not None]
    if len({batch for _, batch in held}) > 1:
        raise OperatorError(
            "operators of different batch sizes cannot be joined",
            expected=f"{held[0][1]} examples, as in '{held[0][0]}'",
            received=", ".join(f"{batch} in '{structure}'" for structure, batch in held[1:]),
        )
