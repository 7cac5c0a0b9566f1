"""Blocks that are Kronecker products: multiply with them, and with their damped inverses."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from numbers import Real
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.given_arrays import checked_stack
from bpframe.derivatives.points.memory import check_memory
from bpframe.derivatives.second_order.in_portions import unknown
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["Damping", "KroneckerFactors"]

Factors = tuple[Array, Array]

#: How λ is added to a block: to the product B ⊗ A, or split onto both factors.
Damping = Literal["exact", "factored"]


class KroneckerFactors(Mapping[str, Factors]):
    """A matrix of one diagonal block per parameter, each a Kronecker product: path -> (A, B).

        G_θθ ≈ B ⊗ A + c I,    (B ⊗ A) vec(V) = vec(B V A)

    V is a vector in the shape of the parameter, read as (m, n) in C order, and vec lists its entries in C order, as in
    `parameters.vector`. `numpy.kron(B, A)` is the block, but for c.

    Shapes: A (n, n), of the activations; B (m, m), of the errors; m·n is the size of the parameter.

    Attributes: `ridge`, the c of each path that has penalties: the mean of the diagonal of their Hessian, which for L2,
    λ I, is all of it. `block` and `matvec` have it, and `solve` as more damping. `exact`, the paths whose block is the
    Gauss–Newton block itself within rounding (or, with `samples`, its unbiased estimate): biases, and parameters whose
    operator has no outer products to offer, all with A = [[1]].

    Source: Martens and Grosse, Optimizing Neural Networks with Kronecker-factored Approximate Curvature (2015); section
    6.3 for penalties as damping.
    """

    def __init__(
        self,
        factors: Mapping[str, Factors],
        exact: Collection[str],
        shapes: Mapping[str, tuple[int, ...]],
        dtype: np.dtype[Any],
        ridge: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.ridge = dict(ridge)
        self.exact = frozenset(exact)
        self._factors = dict(factors)
        self._space = Space("parameters", dict(shapes), dtype)
        self._eigen: dict[str, tuple[Array, Array, Array, Array]] = {}

    def __getitem__(self, path: str) -> Factors:
        return self._factors[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def __repr__(self) -> str:
        parts = ", ".join(f"{path}: {len(b)} ⊗ {len(a)}" for path, (a, b) in self._factors.items())
        return f"KroneckerFactors({parts})"

    def block(self, path: str, memory_limit: int | None = None) -> Array:
        """Write a parameter's block out: B ⊗ A + c I, (m·n, m·n).

        Errors: MemoryLimitError where it is larger than the limit.
        """
        a, b = self._factors[path]
        size = len(a) * len(b)
        check_memory(f"the block of '{path}'", (size, size), a.dtype, memory_limit, "matvec, or the factors themselves")
        found: Array = np.kron(b, a)
        if path in self.ridge:
            found.flat[:: size + 1] += self.ridge[path]
        return found

    def matvec(self, vector: Any) -> Any:
        """Multiply with all blocks: V ↦ B V A + c V.

        Shapes: a mapping by path, where what is left out is zero, (*S, *shape) each, or flat vectors (*S, P); returns
        the kind that came in, a mapping with all paths.
        """

        def product(path: str, v: Array) -> Array:
            a, b = self._factors[path]
            found: Array = b @ v @ a
            return found + v.dtype.type(self.ridge[path]) * v if path in self.ridge else found

        return self._applied(vector, product)

    def solve(self, vector: Any, damping: float, method: Damping = "exact") -> Any:
        """Multiply with the damped inverse of every block: V ↦ (B ⊗ A + λ I)⁻¹ V, with λ + c in the place of λ.

            exact:     U_B [ (U_Bᵀ V U_A) / (β_i α_j + λ) ] U_Aᵀ,    A = U_A diag(α) U_Aᵀ, B likewise
            factored:  (B + √λ/π I)⁻¹ V (A + π√λ I)⁻¹,    π² = (tr A / n) / (tr B / m)

        `exact` costs an eigendecomposition of each factor, which is kept for other λ; `factored` two Cholesky
        factorisations. Where a factor is a single number both are the same. Shapes: those of `matvec`.

        Errors: DerivativeError for a damping that is not positive and finite, or for another method.

        Source: Martens and Grosse (2015), section 6.3, for π; section 4.2 and appendix B for the inverses.
        """
        if method not in ("exact", "factored"):
            raise unknown("method", method, ("exact", "factored"))
        if isinstance(damping, bool) or not isinstance(damping, Real) or not 0 < damping < math.inf:
            raise DerivativeError("damping is no positive number", expected="λ > 0", received=repr(damping))

        def solved(path: str, v: Array) -> Array:
            a, b = self._factors[path]
            strength = float(damping) + self.ridge.get(path, 0.0)
            if method == "factored" and strength > 0 and min(len(a), len(b)) > 1:
                return _factored(a, b, v, strength)
            alpha, u_a, beta, u_b = self._eigenvectors(path)
            inner = u_b.T @ v @ u_a
            inner /= np.multiply.outer(beta, alpha) + inner.dtype.type(strength)
            found: Array = u_b @ inner @ u_a.T
            return found

        return self._applied(vector, solved)

    def _eigenvectors(self, path: str) -> tuple[Array, Array, Array, Array]:
        """Return α, U_A, β, U_B; eigenvalues that rounding made negative are zero."""
        if path not in self._eigen:
            a, b = self._factors[path]
            alpha, u_a = np.linalg.eigh(a)
            beta, u_b = np.linalg.eigh(b)
            self._eigen[path] = np.maximum(alpha, 0), u_a, np.maximum(beta, 0), u_b
        return self._eigen[path]

    def _applied(self, vector: Any, function: Callable[[str, Array], Array]) -> Any:
        """Apply a map per block, to arrays (*S, m, n), and return the kind of vector that came in."""
        space = self._space
        if isinstance(vector, Mapping):
            given, stack = checked_stack(vector, dict(space.shapes), "parameter vector", space.dtype)
        else:
            flat, stack = checked_stack(vector, {"vector": (space.size,)}, "parameter vector", space.dtype)
            given = space.split(flat["vector"])
        found: dict[str, Array] = {}
        for path, shape in space.shapes.items():
            if path in given:
                a, b = self._factors[path]
                found[path] = function(path, given[path].reshape(*stack, len(b), len(a))).reshape(*stack, *shape)
        if isinstance(vector, ParameterVector):
            return vector.like(space.join(found))
        if isinstance(vector, Mapping):
            zeros = {path: np.zeros((*stack, *shape), space.dtype) for path, shape in space.shapes.items()}
            return zeros | found
        return space.join(found, stack)


def _factored(a: Array, b: Array, v: Array, damping: float) -> Array:
    """Return (B + √λ/π I)⁻¹ V (A + π√λ I)⁻¹."""
    from scipy.linalg import cho_factor, cho_solve

    mean_a, mean_b = np.trace(a) / len(a), np.trace(b) / len(b)
    pi = math.sqrt(mean_a / mean_b) if mean_a > 0 and mean_b > 0 else 1.0
    root = math.sqrt(damping)
    damped_a, damped_b = a.copy(), b.copy()
    damped_a.flat[:: len(a) + 1] += pi * root
    damped_b.flat[:: len(b) + 1] += root / pi
    m, n = v.shape[-2:]
    left = cho_factor(damped_b, overwrite_a=True, check_finite=False)
    right = cho_factor(damped_a, overwrite_a=True, check_finite=False)
    columns = np.moveaxis(v, -2, 0).reshape(m, -1)
    half = np.moveaxis(cho_solve(left, columns, check_finite=False).reshape(m, *v.shape[:-2], n), 0, -2)
    rows = np.moveaxis(half, -1, 0).reshape(n, -1)
    return np.moveaxis(cho_solve(right, rows, check_finite=False).reshape(n, *v.shape[:-1]), 0, -1)
