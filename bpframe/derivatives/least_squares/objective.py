"""The cost of some examples as a function of the parameters: what an optimizer may ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["Objective"]


class Objective(ABC):
    """The mean cost of some examples as a function of the parameter vector θ, with its derivatives.

        C(θ) = 1/N Σ_n C_n(θ),    g = ∂C/∂θ,    G = 1/N Σ_n J_nᵀ H_n J_n = Rᵀ R,    g = Rᵀ ρ + r

    C_n is that of a weighted example times w_n N / Σ w, so that its rows of R and ρ are times the root of that.
    Penalties are part of C and g; quadratic ones, ½ ‖Wθ‖², are rows W of R and Wθ of ρ below the others.

    G is the Gauss–Newton matrix: J_n is the Jacobian of the outputs in θ, H_n = S_n S_nᵀ the cost's Hessian in the
    outputs. R stacks S_nᵀ J_n / √N, one row per example and column of S; ρ stacks S_n⁺ ∇C_n / √N, the residuals over √N
    for the quadratic cost; r is what no ρ reaches, zero wherever ∇C_n lies in the range of S_n. All but `cost` are
    taken at the problem's present parameters.

    Shapes: θ, g (P,); G (P, P); R (K, P) and ρ (K,) with K the number of residuals.

    Errors: DerivativeError for a cost without a Hessian root, or a penalty that is not quadratic; BatchCoupledError for
    components that couple the examples; MemoryLimitError for an R beyond the problem's memory limit: each where it is
    asked for.
    """

    #: N and P.
    count: int
    size: int

    #: How much the examples count together: N, and in a mini-batch of weighted ones their share of all weights, times
    #: the number of all examples. Costs of mini-batches are averaged with it.
    weight: float

    @abstractmethod
    def cost(self, parameters: Array | None = None) -> float:
        """Return C at the given θ, or at the present one; NaN and infinity are returned, not raised."""

    @abstractmethod
    def gradient(self) -> tuple[float, Array]:
        """Return C and g."""

    @property
    @abstractmethod
    def residual_count(self) -> int:
        """K: the rows of R."""

    @abstractmethod
    def residuals(self) -> tuple[float, Array, Array]:
        """Return C, R and ρ: R written out, within the memory limit."""

    @abstractmethod
    def remainder(self) -> Array | None:
        """Return r = g − Rᵀρ, (P,), or None where it vanishes within rounding, as for the usual costs."""

    @abstractmethod
    def triangular(self) -> tuple[float, Array, Array]:
        """Return C, T and t, with R = Q T and t = Qᵀ ρ: T (min(K, P), P) is upper triangular, Q is never held.

        The examples are taken in portions, so that memory does not grow with their number.
        """

    @abstractmethod
    def linear_minimum(self) -> LinearMinimum:
        """Return where ‖ρ‖ would be least if it were linear, and how far away that is: at a minimum it is here.

        From a triangular factor, without r: for costs whose gradients lie in the range of their roots.
        """

    @abstractmethod
    def normal_equations(self) -> tuple[float, Array, Array]:
        """Return C, G and g, with the examples taken in portions; G is float64, g of the network's dtype."""

    @abstractmethod
    def residual_gram(self) -> tuple[float, Array, Array]:
        """Return C, R Rᵀ (K, K) and ρ, without writing R out where the operators' structure allows."""

    @abstractmethod
    def diagonal(self) -> Array:
        """Return the diagonal of G, (P,): the squared norms of R's columns, without writing R out."""

    @abstractmethod
    def residual_operator(self) -> tuple[float, LinearOperator, Array]:
        """Return C, R as a linear operator (products in both directions, nothing written out), and ρ."""

    @abstractmethod
    def bending(self, step: Array) -> Array:
        """Return 1/N Σ_n J_nᵀ H_n f̈_n, (P,), with f̈ = ∂²f/∂θ² [v, v]: how the outputs bend along a step v (P,).

        From differences over a tenth of the step, at the price of one forward pass more. Where the outputs are not
        finite there, neither is the result.
        """

    @abstractmethod
    def kronecker_factors(self, samples: int | None, seed: int) -> KroneckerFactors:
        """Return KFAC's factors (A, B) of each parameter's block of G, by path; exact, or from random vectors.

        Their `ridge` has by path what penalties add, a multiple of the identity.
        """

    @abstractmethod
    def by_path(self, vector: Array) -> Mapping[str, Array]:
        """Return the parts of a vector (P,) by parameter path, as views in the parameters' shapes."""
