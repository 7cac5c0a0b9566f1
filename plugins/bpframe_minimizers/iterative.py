"""Damped Gauss–Newton steps from products alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.extend import Array
from bpframe_minimizers.damped import Damped

__all__ = ["Iterative"]


class Iterative(Damped):
    """Find the step by LSMR from products with R and Rᵀ alone, to a relative `tolerance`.

    `residuals` are C, R as a linear operator, and ρ. Memory: some vectors of length K and P.

    Source: Fong and Saunders, LSMR: an iterative algorithm for sparse least-squares problems (2011).
    """

    def __init__(
        self, residuals: tuple[float, Any, Array], norms: Array, remainder: Array | None, tolerance: float
    ) -> None:
        self.cost, self._operator, self._rho = residuals
        self._remainder = remainder
        self._tolerance = tolerance
        self.gradient = self._operator.rmatvec(self._rho)
        if remainder is not None:
            self.gradient = self.gradient + remainder
        self.norms = norms

    def predicted(self, step: Array, damping: float) -> float:
        """Return C − m(Δ) as it is, because the step is not quite the damped minimum."""
        pushed = self._operator.matvec(step)
        return -float(self.gradient @ step) - 0.5 * float(pushed @ pushed)

    def _prepare(self) -> None:
        self._rest = None if self._remainder is None else self._per_scale(self._remainder)

    def _take(self, right: Array) -> None:
        self._rho, self._rest = np.zeros_like(self._rho), right

    def _solve(self, damping: float) -> Array | None:
        from scipy.sparse.linalg import LinearOperator, lsmr

        operator, (height, size), root = self._operator, self._operator.shape, math.sqrt(damping)
        rest, dtype = self._rest, self._rho.dtype

        def push(v: Array) -> Array:
            v = v.reshape(-1)
            pushed = operator.matvec(self._per_scale(v))
            return pushed if rest is None else np.concatenate([pushed, root * v])

        def pull(u: Array) -> Array:
            u = u.reshape(-1)
            pulled = self._per_scale(operator.rmatvec(u[:height]))
            return pulled if rest is None else pulled + root * u[height:]

        rows = height if rest is None else height + size
        target = -self._rho if rest is None else -np.concatenate([self._rho, rest / root])
        scaled = LinearOperator((rows, size), matvec=push, rmatvec=pull, dtype=dtype)
        found = lsmr(
            scaled, target, damp=root if rest is None else 0.0, atol=self._tolerance, btol=self._tolerance, conlim=0.0,
            maxiter=4 * min(rows, size),
        )[0]  # fmt: skip
        return found.astype(dtype, copy=False)
