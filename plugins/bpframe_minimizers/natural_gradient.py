"""Natural gradient descent with Kronecker-factored curvature (KFAC)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Field, Objective, Optimizer, PositiveFloat, PositiveInt, Problem

__all__ = ["NaturalGradient"]


class NaturalGradient(Optimizer):
    """Gradients divided by the curvature of each parameter's block, which is kept as a Kronecker product.

        G_w ≈ B ⊗ A,    w ← w − η (B + √λ/π)⁻¹ ∂C/∂w (A + π√λ)⁻¹,    π² = (tr A / n) / (tr B / m)

    A is the mean of the activations' outer products, B that of the errors' with the cost's Hessian: G is the Gauss–
    Newton matrix, which is the Fisher matrix for cross-entropy and for the quadratic cost. Both are averaged over the
    steps, with a weight that falls by `decay` with each; λ damps them, and so do penalties: c I of their Hessian, as of
    L2, is added to λ.

    Works on mini-batches; an iteration is one pass through the examples, and its cost the mean over the steps.

    Shapes: w (m, n), A (n, n), B (m, m).

    Errors: DerivativeError for a cost whose Hessian has no root; BatchCoupledError for components that couple examples.

    Source: Amari, Natural Gradient Works Efficiently in Learning (1998); Martens and Grosse, Optimizing Neural Networks
    with Kronecker-factored Approximate Curvature (2015), sections 3 and 6.3; Ba, Grosse and Martens, Distributed
    Second-order Optimization using Kronecker-factored Approximations (2017), for the bound of the step.
    """

    batches: ClassVar[bool] = True

    learning_rate: PositiveFloat = Field(0.1, description="η, the length of a step.")
    damping: PositiveFloat = Field(1e-2, description="λ, added to the curvature.")
    decay: float = Field(0.95, ge=0, lt=1, description="How much of the averaged factors a step leaves.")
    samples: PositiveInt | None = Field(
        1, description="How many random vectors per example B is estimated from; all of the Hessian's columns if None."
    )
    update_every: PositiveInt = Field(1, description="After how many steps the factors are measured again.")
    max_change: PositiveFloat | None = Field(
        None, description="The largest Δᵀ G Δ of a step, about twice its KL divergence; longer steps are shortened."
    )

    def minimize(self, problem: Problem) -> None:
        """Pass through the mini-batches until the last iteration."""
        preconditioner = _Preconditioner(self, problem.generator("kfac"), problem.kept)
        going_on = True
        while going_on:
            total, count = 0.0, 0.0
            for objective in problem.batches():
                cost, gradient = objective.gradient()
                direction = preconditioner.of(objective, gradient)
                problem.move_to(problem.parameters - self._rate(gradient, direction) * direction)
                total, count = total + cost * objective.weight, count + objective.weight
            problem.kept = preconditioner.kept()
            going_on = problem.report(total / count)

    def _rate(self, gradient: Array, direction: Array) -> float:
        """Return η, or less where the step would change the outputs by more than `max_change`."""
        if self.max_change is None:
            return self.learning_rate
        along = float(gradient @ direction)  # Δᵀ G Δ / η², for Δ = −η G⁻¹ g
        return min(self.learning_rate, math.sqrt(self.max_change / along)) if along > 0 else self.learning_rate


class _Preconditioner:
    """The averaged factors of every parameter, and what divides by them."""

    def __init__(self, method: NaturalGradient, rng: np.random.Generator, kept: dict[str, Any]) -> None:
        self._method = method
        self._rng = rng
        self._measured = kept.get("measured", 0)
        self._steps = kept.get("steps", 0)
        self._factors = {path: (a, b) for path, (a, b) in kept.get("factors", {}).items()}
        self._ridge: Mapping[str, float] = kept.get("ridge", {})
        self._inverses = self._inverted()

    def kept(self) -> dict[str, Any]:
        """Return what a run that goes on begins with, as plain data."""
        factors = {path: list(pair) for path, pair in self._factors.items()}
        return {"measured": self._measured, "steps": self._steps, "factors": factors, "ridge": dict(self._ridge)}

    def of(self, objective: Objective, gradient: Array) -> Array:
        """Return G⁻¹ g, with the factors of these examples taken in if it is time."""
        if self._steps % self._method.update_every == 0:
            self._measure(objective)
        self._steps += 1
        direction = np.zeros_like(gradient)
        parts, found = objective.by_path(gradient), objective.by_path(direction)
        for path, (a, b) in self._inverses.items():
            found[path][...] = (b @ parts[path].reshape(len(b), len(a)) @ a).reshape(found[path].shape)
        return direction

    def _measure(self, objective: Objective) -> None:
        method = self._method
        samples = method.samples
        if samples is not None and objective.residual_count <= samples * objective.count:
            samples = None  # all columns are no more than that, and exact
        new = objective.kronecker_factors(samples, int(self._rng.integers(1 << 31)))
        self._measured += 1
        kept = min(method.decay, 1 - 1 / self._measured)  # the plain mean at first
        for path, pair in new.items():
            old = self._factors.get(path, pair)
            a, b = (kept * before + (1 - kept) * after for before, after in zip(old, pair, strict=True))
            self._factors[path] = a, b
        self._ridge = new.ridge
        self._inverses = self._inverted()

    def _inverted(self) -> dict[str, tuple[Array, Array]]:
        """Return the inverses of all factors."""
        return {path: self._pair(path, *pair) for path, pair in self._factors.items()}

    def _pair(self, path: str, a: Array, b: Array) -> tuple[Array, Array]:
        """Return the inverses of A + π√λ and B + √λ/π."""
        means = float(np.trace(a)) / len(a), float(np.trace(b)) / len(b)
        pi = math.sqrt(means[0] / means[1]) if min(means) > 0 else 1.0
        root = math.sqrt(self._method.damping + max(self._ridge.get(path, 0.0), 0.0))
        return _inverse(a, pi * root), _inverse(b, root / pi)


def _inverse(matrix: Array, damping: float) -> Array:
    """Return the inverse of a positive semi-definite matrix with damping; NaN where there is none."""
    damped = matrix.copy()
    damped.reshape(-1)[:: len(damped) + 1] += damping
    try:
        return np.linalg.inv(damped)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
