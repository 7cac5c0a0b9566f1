"""The cost of a network as a sum of squares, in its parameters: what Levenberg–Marquardt solves with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.weights import counting
from bpframe.core.operators import IdentityMap
from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.curvature.kfac import kronecker_factors
from bpframe.derivatives.least_squares.bent_outputs import bent_outputs
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum, linear_minimum
from bpframe.derivatives.least_squares.objective import Objective
from bpframe.derivatives.least_squares.output_residuals import exact_residuals, output_residuals
from bpframe.derivatives.least_squares.penalty_rows import PenaltyRows
from bpframe.derivatives.least_squares.residual_operator import residual_operator
from bpframe.derivatives.least_squares.written_rows import WrittenRows
from bpframe.derivatives.points.at_theta import Passes, total_cost
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import MEMORY_LIMIT, check_memory
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.second_order.penalty_hessian import PenaltyHessian
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["LeastSquares"]


class LeastSquares(Objective):
    """The mean cost of checked examples at an engine's present θ, with its Gauss–Newton matrix in every form.

    Rows of R and ρ are counted column of the root by column, each with all examples: row k·N + n belongs to column k
    and example n, and K = N · (columns of the roots). What was run at a θ is not run again before θ or the network's
    state changes, as long as all examples fit into one portion; with `training` passes draw random numbers anew.

    Examples are independent of one another in all but `cost` and `gradient`; what couples them is refused.

    Source: Nocedal and Wright, Numerical Optimization (2nd ed., 2006), chapter 10; Schraudolph, Fast Curvature
    Matrix-Vector Products (2002), for costs other than the quadratic one.
    """

    def __init__(
        self,
        engine: Engine,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        memory_limit: int = MEMORY_LIMIT,
        training: bool = False,
    ) -> None:
        self.engine = engine
        self.memory_limit = memory_limit
        self.dtype = engine.dtype
        self.examples = Portions(engine, inputs, targets, training)
        self._passes = Passes(self.examples)
        self.count = self._passes.count
        self.weight = float(self.count)
        self.size = self._passes.size
        self._scale = 1.0 / math.sqrt(self.count)
        self._penalties = PenaltyRows(engine.penalties, engine.parameters, self._passes.places)
        self._known: tuple[Array, Any, float, Array] | None = None  # θ, state, C, g
        self._identity_seeds: dict[int, dict[str, Array]] = {}
        self._held = np.empty(0)
        self._ahead: Passes | None = None

    def cost(self, parameters: Array | None = None) -> float:
        """Return C from a forward pass, at the present θ or another; NaN and infinity are returned, not raised."""
        theta = self._theta if parameters is None else parameters
        return self._passes.cost(theta) / self.count + self._penalties.cost(theta)

    def gradient(self) -> tuple[float, Array]:
        """Return C and g, by BP1 to BP4; at an unchanged θ, without another pass."""
        theta, state, known = self._theta, self.engine.state, self._known
        if known is None or known[1] is not state or not np.array_equal(known[0], theta):
            known = theta.copy(), state, *self._gradient()
            self._known = None if self.examples.training else known
        _, _, cost, gradient = known
        return cost, gradient.copy()

    @property
    def residual_count(self) -> int:
        """K: the rows of R."""
        return self.count * self._passes.columns + self._penalties.count

    def residuals(self) -> tuple[float, Array, Array]:
        """Return C, R and ρ; R (K, P) is in Fortran order, as LAPACK reads it."""
        columns = self._passes.columns
        self._check(
            "the Jacobian of all residuals", (self.count * columns, self.size),
            "normal equations or a triangular factor, which go through the examples in portions, or a linear operator",
        )  # fmt: skip
        matrix = np.empty((self.size, columns, self.count), self.dtype)
        rho = np.empty((columns, self.count), self.dtype)
        total = 0.0
        for point, rows in self._passes.at(self._theta, self._passes.bytes_each * columns):
            total += total_cost(point)
            self._written(point).write(matrix[:, :, rows])
            np.multiply(output_residuals(point).values, self._scale, out=rho[:, rows])
        found, residuals = matrix.reshape(self.size, -1).T, rho.reshape(-1)
        if self._penalties:
            found = np.asfortranarray(np.concatenate([found, self._penalties.rows()]))
            residuals = np.concatenate([residuals, self._penalties.residuals()])
        return self._mean(total), found, residuals

    def remainder(self) -> Array | None:
        """Return r = g − Rᵀρ, or None where every ∇C_n lies in the range of its root within rounding."""
        found: Array | None = None
        for point, _ in self._passes.at(self._theta, self._passes.bytes_each):
            unreached = output_residuals(point).unreached
            if unreached:
                found = np.zeros(self.size, self.dtype) if found is None else found
                self._add_pulled(point, unreached, found)
        return found

    def triangular(self) -> tuple[float, Array, Array]:
        """Return C, T and t with R = Q T, t = Qᵀ ρ.

        Each portion is stacked below the triangle of those before and factored again, with ρ as one more column.
        Memory: a portion and a triangle.

        Source: Demmel, Grigori, Hoemmen and Langou, Communication-optimal Parallel and Sequential QR and LU
        Factorizations (2012).
        """
        total, factor = self._factor()
        return self._mean(total), factor[: self.size, :-1], factor[: self.size, -1].copy()

    def linear_minimum(self) -> LinearMinimum:
        """Return the minimum of ‖ρ + RΔ‖, from the triangular factor's singular values."""
        _, factor = self._factor()
        square, projected = factor[: self.size, :-1], factor[: self.size, -1]
        size = float(np.linalg.norm(factor[:, -1]))
        outputs, targets = self.engine.graph.cost, self.examples.targets
        counted = np.any([counting(output, targets, self.count) > 0 for output in outputs], axis=0).sum()
        rows = int(counted) * self._passes.columns + self._penalties.count
        return linear_minimum(size, square, projected, rows, self._theta.copy())

    def normal_equations(self) -> tuple[float, Array, Array]:
        """Return C, G and g, from rows of R that are multiplied as soon as they are written.

        G is float64 for every network: the squares of R's singular values then keep what float32 knows of R, so that
        the equations are as good as a triangular factor of R in float32.
        """
        columns = self._passes.columns
        size, limit = self.size, self.memory_limit
        instead = "a linear operator, which writes nothing out"
        check_memory("the Gauss–Newton matrix", (size, size), np.float64, limit, instead)
        square, gradient = np.zeros((size + 1, size + 1)), np.zeros(size, self.dtype)
        total = 0.0
        for point, _ in self._passes.at(self._theta, (self._passes.bytes_each + size * 8) * columns):
            total += total_cost(point)
            written = self._written(point)
            # ρ is one more column of R where g = Rᵀρ: G, g and ‖ρ‖² are then one symmetric product.
            rho = exact_residuals(point)
            for rows in written.portions(point.batch, columns):
                block = self._space((size + 1, columns, rows.stop - rows.start))
                written.write(block[:-1], rows)
                block[-1] = 0 if rho is None else rho[:, rows] * self._scale
                flat = block.reshape(size + 1, -1)
                square += flat @ flat.T
            if rho is None:
                self._add_pulled(point, point.errors, gradient)
        gradient += square[-1, :-1]
        if self._penalties:
            below = self._penalties.rows().astype(np.float64)
            square[:-1, :-1] += below.T @ below
            self._penalties.add_gradient(gradient)
        return self._mean(total), square[:-1, :-1], gradient

    def residual_gram(self) -> tuple[float, Array, Array]:
        """Return C, R Rᵀ (K, K) and ρ: from the outer products of the pulled-back roots, where that is less work."""
        rows = self.residual_count
        if self._penalties:  # whose rows meet all others
            cost, matrix, rho = self.residuals()
            return cost, matrix @ matrix.T, rho
        self._check(
            "the inner products of all residuals' gradients", (rows, rows),
            "normal equations, which go through the examples in portions, or a linear operator",
        )  # fmt: skip
        point = self._passes.all(self._theta)
        gram = np.zeros((rows, rows), self.dtype)
        for _, form in point.parameter_forms(self._seeds(point)):
            gram += form.gram()
        return total_cost(point) / self.count, gram, self._rho(point)

    def diagonal(self) -> Array:
        """Return the diagonal of G, (P,), from the outer products of the pulled-back roots, in portions."""
        diagonal = np.zeros(self.size, self.dtype)
        for point, _ in self._passes.at(self._theta, self._passes.bytes_each * self._passes.columns):
            for path, form in point.parameter_forms(self._seeds(point)):
                diagonal[self._passes.places[path]] += form.sum_of_squares().reshape(-1)
        return diagonal + np.square(self._penalties.rows()).sum(axis=0) if self._penalties else diagonal

    def residual_operator(self) -> tuple[float, LinearOperator, Array]:
        """Return C, R as a linear operator, which is R at this θ for good, and ρ."""
        point = self._passes.kept(self._theta)
        operator, rho = residual_operator(point), self._rho(point)
        if self._penalties:
            operator, rho = self._penalties.below(operator), np.concatenate([rho, self._penalties.residuals()])
        return self._mean(total_cost(point)), operator, rho

    def bending(self, step: Array) -> Array:
        """Return 1/N Σ_n J_nᵀ H_n f̈_n, with f̈ the second derivative of the outputs along a step."""
        if self._ahead is None:
            self._ahead = Passes(self.examples)
        total = np.zeros(self.size, self.dtype)
        with np.errstate(all="ignore"):
            for point, seeds in bent_outputs(self._passes, self._ahead, self._theta, step):
                self._add_pulled(point, seeds, total)
        return total

    def kronecker_factors(self, samples: int | None, seed: int) -> KroneckerFactors:
        """Return KFAC's factors (A, B) of each parameter's block of G, by path."""
        each = self._passes.bytes_each * (self._passes.columns if samples is None else samples)
        points = (point for point, _ in self._passes.at(self._theta, each))
        ridge = PenaltyHessian(self.engine.penalties, self.engine.parameters).multiples()
        return kronecker_factors(points, self._passes.parameters, samples, seed, "expand", self.memory_limit, ridge)

    def by_path(self, vector: Array) -> Mapping[str, Array]:
        """Return the parts of a vector by parameter path."""
        return self.engine.parameters.like(vector).views

    @property
    def _theta(self) -> Array:
        return self.engine.parameters.vector

    def _gradient(self) -> tuple[float, Array]:
        engine, training, slices = self.engine, self.examples.training, self.examples.slices()
        if len(slices) == 1:  # with penalties
            total, part = engine.gradient(*self.examples.arrays(slices[0]), training, "minimizing")
            return total / self.count, part.vector
        total, gradient = 0.0, np.zeros(self.size, self.dtype)
        for rows in slices:  # weights are to the mean of all
            share = rows.stop - rows.start
            cost, part = engine.gradient(*self.examples.arrays(rows), training, "minimizing", 1.0 / share)
            total += cost
            gradient += part.vector * (share / self.count)
        self._penalties.add_gradient(gradient)
        return self._mean(total), gradient

    def _mean(self, total: float) -> float:
        """Return C from the sum over the examples."""
        return total / self.count + self._penalties.cost()

    def _check(self, what: str, shape: tuple[int, ...], instead: str) -> None:
        check_memory(what, shape, self.dtype, self.memory_limit, instead)

    def _factor(self) -> tuple[float, Array]:
        """Return N C and the triangular factor of [R ρ], (min(K, P + 1), P + 1)."""
        width, columns = self.size + 1, self._passes.columns
        self._check("the triangular factor", (self.size, self.size), "a linear operator, which writes nothing out")
        triangle, total = np.empty((0, width), self.dtype), 0.0
        if self._penalties:
            triangle = np.column_stack([self._penalties.rows(), self._penalties.residuals()])
        each = (self._passes.bytes_each + width * self.dtype.itemsize) * columns
        for point, _ in self._passes.at(self._theta, each):
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
        alone = len(point.roots) == 1 and isinstance(next(iter(point.roots.values())), IdentityMap)
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
            total[self._passes.places[path]] += form.total().reshape(-1) / self.count
