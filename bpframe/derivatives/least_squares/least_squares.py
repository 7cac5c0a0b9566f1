"""The cost of a network as a sum of squares, in its parameters: what Levenberg–Marquardt solves with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.jvp import jvp
from bpframe.core.backprop.vjp import parameter_vjp
from bpframe.core.operators import Diagonal, Identity
from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.curvature.kfac import kronecker_factors
from bpframe.derivatives.least_squares.bent_outputs import bent_outputs
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum, linear_minimum
from bpframe.derivatives.least_squares.output_residuals import output_residuals
from bpframe.derivatives.least_squares.written_rows import WrittenRows
from bpframe.derivatives.points.at_theta import Passes, total_cost
from bpframe.derivatives.points.linearisation import Linearisation, refuse_coupling
from bpframe.derivatives.points.memory import check_memory
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["LeastSquares"]


class LeastSquares:
    """The mean cost of some examples as a function of θ, with its Gauss–Newton matrix in every form.

        C(θ) = 1/N Σ_n C_n(θ),    g = ∂C/∂θ,    G = 1/N Σ_n J_nᵀ H_n J_n = Rᵀ R,    g = Rᵀ ρ + r

    R stacks S_nᵀ J_n / √N with H_n = S_n S_nᵀ, ρ stacks the residuals S_n⁺ ∇C_n / √N. Rows are counted column of the
    root by column, each with all examples: row k·N + n belongs to column k and example n. r is zero where the
    gradients lie in the range of the roots, as for the quadratic cost and cross-entropy.

    Examples are independent of one another in all of it; what couples them is refused.

    Shapes: θ, g, r (P,); G (P, P); R (K, P), ρ (K,), with K = N · (columns of the roots).

    Errors: DerivativeError for a cost without a Hessian root; BatchCoupledError that names a node; MemoryLimitError.

    Source: Nocedal and Wright, Numerical Optimization (2nd ed., 2006), chapter 10; Schraudolph, Fast Curvature
    Matrix-Vector Products (2002), for costs other than the quadratic one.
    """

    def __init__(
        self,
        engine: Engine,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        memory_limit: int | None = None,
        training: bool = False,
    ) -> None:
        self.memory_limit = memory_limit
        self.dtype = engine.dtype
        self._passes = Passes(engine, inputs, targets, training)
        self.count = self._passes.count
        self.size = self._passes.size
        self._scale = 1.0 / math.sqrt(self.count)
        self._identity_seeds: dict[int, dict[str, Array]] = {}
        self._held = np.empty(0)
        self._ahead: Passes | None = None

    def cost(self, theta: Array) -> float:
        """Return C(θ) from a forward pass; NaN and infinity are returned, not raised."""
        return self._passes.cost(theta) / self.count

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """Return C and g, from BP1 to BP4."""
        gradient, total = np.zeros(self.size, self.dtype), 0.0
        for point, _ in self._passes.at(theta, self._passes.bytes_each):
            total += total_cost(point)
            self._add_pulled(point, point.errors, gradient)
        return total / self.count, gradient

    def residual_count(self) -> int:
        """Return K, the rows of R."""
        return self.count * self._passes.columns

    def residuals(self, theta: Array) -> tuple[float, Array, Array]:
        """Return C, R and ρ; R (K, P) is in Fortran order, as LAPACK reads it.

        Errors: MemoryLimitError where R is larger than the limit.
        """
        columns = self._passes.columns
        self._check(
            "the Jacobian of all residuals", (self.count * columns, self.size),
            "normal equations or a triangular factor, which go through the examples in portions, or a linear operator",
        )  # fmt: skip
        matrix = np.empty((self.size, columns, self.count), self.dtype)
        rho = np.empty((columns, self.count), self.dtype)
        total = 0.0
        for point, rows in self._passes.at(theta, self._passes.bytes_each * columns):
            total += total_cost(point)
            self._written(point).write(matrix[:, :, rows])
            np.multiply(output_residuals(point).values, self._scale, out=rho[:, rows])
        return total / self.count, matrix.reshape(self.size, -1).T, rho.reshape(-1)

    def remainder(self, theta: Array) -> Array | None:
        """Return r = g − Rᵀρ, or None where every ∇C_n lies in the range of its root within rounding."""
        found: Array | None = None
        for point, _ in self._passes.at(theta, self._passes.bytes_each):
            unreached = output_residuals(point).unreached
            if unreached:
                found = np.zeros(self.size, self.dtype) if found is None else found
                self._add_pulled(point, unreached, found)
        return found

    def triangular(self, theta: Array) -> tuple[float, Array, Array]:
        """Return C, T and t with R = Q T, t = Qᵀ ρ: T (min(K, P), P) is upper triangular, Q orthogonal.

        The examples are taken in portions: each is stacked below the triangle of those before and factored again, with
        ρ as one more column. Memory: a portion and a triangle.

        Source: Demmel, Grigori, Hoemmen and Langou, Communication-optimal Parallel and Sequential QR and LU
        Factorizations (2012).
        """
        total, factor = self._factor(theta)
        return total / self.count, factor[: self.size, :-1], factor[: self.size, -1].copy()

    def linear_minimum(self, theta: Array) -> LinearMinimum:
        """Return the minimum of ‖ρ + RΔ‖, from the triangular factor's singular values."""
        _, factor = self._factor(theta)
        square, projected = factor[: self.size, :-1], factor[: self.size, -1]
        size = float(np.linalg.norm(factor[:, -1]))
        return linear_minimum(size, square, projected, self.residual_count(), theta)

    def normal_equations(self, theta: Array) -> tuple[float, Array, Array]:
        """Return C, G and g, with the examples taken in portions.

        G is float64 for every network: the squares of R's singular values then keep what float32 knows of R, so that
        the equations are as good as a triangular factor of R in float32.

        Errors: MemoryLimitError where G is larger than the limit.
        """
        columns = self._passes.columns
        check_memory(
            "the Gauss–Newton matrix", (self.size, self.size), np.dtype(np.float64), self.memory_limit,
            "a linear operator, which writes nothing out",
        )  # fmt: skip
        size = self.size
        square, gradient = np.zeros((size + 1, size + 1)), np.zeros(size, self.dtype)
        total = 0.0
        for point, _ in self._passes.at(theta, (self._passes.bytes_each + size * 8) * columns):
            total += total_cost(point)
            written = self._written(point)
            # ρ is one more column of R where g = Rᵀρ: G, g and ‖ρ‖² are then one symmetric product.
            rho = _exact_residuals(point)
            for rows in written.portions(point.batch, columns):
                block = self._space((size + 1, columns, rows.stop - rows.start))
                written.write(block[:-1], rows)
                block[-1] = 0 if rho is None else rho[:, rows] * self._scale
                flat = block.reshape(size + 1, -1)
                square += flat @ flat.T
            if rho is None:
                self._add_pulled(point, point.errors, gradient)
        gradient += square[-1, :-1]
        return total / self.count, square[:-1, :-1], gradient

    def residual_gram(self, theta: Array) -> tuple[float, Array, Array]:
        """Return C, R Rᵀ (K, K) and ρ: from the outer products of the pulled-back roots, where that is less work.

        Errors: MemoryLimitError where R Rᵀ is larger than the limit.
        """
        rows = self.residual_count()
        self._check(
            "the inner products of all residuals' gradients", (rows, rows),
            "normal equations, which go through the examples in portions, or a linear operator",
        )  # fmt: skip
        point = self._passes.all(theta)
        gram = np.zeros((rows, rows), self.dtype)
        for _, form in point.parameter_forms(self._seeds(point)):
            gram += form.gram()
        return total_cost(point) / self.count, gram, self._rho(point)

    def diagonal(self, theta: Array) -> Array:
        """Return the diagonal of G, (P,), from the outer products of the pulled-back roots, in portions."""
        diagonal = np.zeros(self.size, self.dtype)
        for point, _ in self._passes.at(theta, self._passes.bytes_each * self._passes.columns):
            for path, form in point.parameter_forms(self._seeds(point)):
                first, last = self._passes.places[path]
                diagonal[first:last] += form.sum_of_squares().reshape(-1)
        return diagonal

    def residual_operator(self, theta: Array) -> tuple[float, LinearOperator, Array]:
        """Return C, R as a linear operator, which is R at this θ for good, and ρ.

            R v = S_nᵀ (J_n v) / √N,    Rᵀ u = Σ_n J_nᵀ (S_n u_n) / √N

        One forward pass is kept; vectors are pushed and pulled through it, several at once.
        """
        from scipy.sparse.linalg import LinearOperator

        point = self._passes.kept(theta)
        trace = point.trace
        for step in trace.plan.steps:
            refuse_coupling(step.node, trace.jacobian(step.node.name))
        trace.workspace.checked = True
        shape = self.residual_count(), self.size

        def push(tangent: Array) -> Array:
            stack = np.ascontiguousarray(tangent.reshape(self.size, -1).T, self.dtype)
            pushed = jvp(trace, {}, self._passes.views(stack), stack.shape[:1])
            rows = [
                root.vjp(pushed[output]).reshape(len(stack), self.count, -1) for output, root in point.roots.items()
            ]
            joined = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=-1)
            found: Array = joined.swapaxes(1, 2).reshape(len(stack), shape[0]).T * self._scale
            return found.reshape(shape[0]) if tangent.ndim == 1 else found

        def pull(cotangent: Array) -> Array:
            stack = np.ascontiguousarray(cotangent.reshape(shape[0], -1).T, self.dtype) * self._scale
            rows = stack.reshape(len(stack), -1, self.count).swapaxes(1, 2)
            seeds, first = {}, 0
            for output, root in point.roots.items():
                last = first + math.prod(root.in_shape)
                part = np.ascontiguousarray(rows[..., first:last])
                seeds[output], first = root.jvp(part.reshape(len(stack), self.count, *root.in_shape)), last
            pulled = parameter_vjp(trace, seeds)
            found = np.concatenate([each.reshape(len(stack), -1) for each in pulled.values()], axis=1).T
            return found.reshape(self.size) if cotangent.ndim == 1 else found

        operator = LinearOperator(shape, matvec=push, rmatvec=pull, matmat=push, rmatmat=pull, dtype=self.dtype)
        return total_cost(point) / self.count, operator, self._rho(point)

    def bending(self, theta: Array, step: Array) -> Array:
        """Return 1/N Σ_n J_nᵀ H_n f̈_n, with f̈ the second derivative of the outputs along a step."""
        if self._ahead is None:
            self._ahead = self._passes.again()
        total = np.zeros(self.size, self.dtype)
        with np.errstate(all="ignore"):
            for point, seeds in bent_outputs(self._passes, self._ahead, theta, step):
                self._add_pulled(point, seeds, total)
        return total

    def kronecker_factors(self, theta: Array, samples: int | None, seed: int) -> KroneckerFactors:
        """Return KFAC's factors (A, B) of each parameter's block of G, by path."""
        each = self._passes.bytes_each * (self._passes.columns if samples is None else samples)
        points = (point for point, _ in self._passes.at(theta, each))
        return kronecker_factors(points, self._passes.parameters, samples, seed, memory_limit=self.memory_limit)

    def _check(self, what: str, shape: tuple[int, ...], instead: str) -> None:
        check_memory(what, shape, self.dtype, self.memory_limit, instead)

    def _factor(self, theta: Array) -> tuple[float, Array]:
        """Return N C and the triangular factor of [R ρ], (min(K, P + 1), P + 1)."""
        width, columns = self.size + 1, self._passes.columns
        self._check("the triangular factor", (self.size, self.size), "a linear operator, which writes nothing out")
        triangle, total = np.empty((0, width), self.dtype), 0.0
        each = (self._passes.bytes_each + width * self.dtype.itemsize) * columns
        for point, _ in self._passes.at(theta, each):
            total += total_cost(point)
            rows = len(triangle) + columns * point.batch
            stacked = np.empty((rows, width), self.dtype, order="F")
            stacked[: len(triangle)] = triangle
            below = stacked.T[:, len(triangle) :].reshape(width, columns, point.batch)  # a view: the rows are split
            self._written(point).write(below[:-1])
            np.multiply(output_residuals(point).values, self._scale, out=below[-1])
            triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
        return total, triangle

    def _seeds(self, point: Linearisation) -> dict[str, Array]:
        alone = len(point.roots) == 1 and isinstance(next(iter(point.roots.values())), Identity)
        seeds = self._identity_seeds.get(point.batch) if alone else None
        if seeds is None:
            seeds = {output: columns * self._scale for output, columns in point.root_columns().items()}
            if alone:  # the same at every θ
                self._identity_seeds = {point.batch: seeds}
        return seeds

    def _space(self, shape: tuple[int, ...]) -> Array:
        """Return float64 memory of before: fresh pages would cost more than what is written into them."""
        size = math.prod(shape)
        if self._held.size < size:
            self._held = np.empty(size)
        return self._held[:size].reshape(shape)

    def _rho(self, point: Linearisation) -> Array:
        rho: Array = output_residuals(point).values * self._scale
        return rho.reshape(-1)

    def _written(self, point: Linearisation) -> WrittenRows:
        return WrittenRows(point.parameter_forms(self._seeds(point)), self._passes.places)

    def _add_pulled(self, point: Linearisation, seeds: Mapping[str, Array], total: Array) -> None:
        """Add Σ_n J_nᵀ u_n / N to a vector (P,)."""
        for path, form in point.parameter_forms(seeds):
            first, last = self._passes.places[path]
            total[first:last] += form.total().reshape(-1) / self.count


def _exact_residuals(point: Linearisation) -> Array | None:
    """Return ρ, (columns, examples), where it gives g = Rᵀρ to the last digit: without singular values, and whole."""
    if not all(isinstance(root, Identity | Diagonal) for root in point.roots.values()):
        return None
    found = output_residuals(point)
    return None if found.unreached else found.values
