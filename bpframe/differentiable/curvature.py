"""The curvature of the mean cost: diagonals, diagonal blocks, Kronecker factors."""

from __future__ import annotations

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.curvature.blocks import By, gauss_newton_blocks
from bpframe.derivatives.curvature.diagonal import empirical_fisher_diagonal, gauss_newton_diagonal
from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.curvature.hessian_diagonal import hessian_diagonal
from bpframe.derivatives.curvature.kfac import WeightSharing, kronecker_factors
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.second_order.ggn import check_fisher
from bpframe.derivatives.second_order.penalty_hessian import PenaltyHessian
from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.validation.plain_arrays import Array

__all__ = ["Curvature"]


class Curvature:
    """What a network's mean cost C = 1/N Σ C_n + R bends like, in its parameters: reached as `network.curvature`.

    Penalties R add their Hessian to the Hessian and to the Gauss–Newton matrix. The Fisher information and the
    empirical one are of the examples alone.

    With `sample_weight`, as in `cost`, every 1/N Σ_n stands for Σ_n w_n / Σ_n w_n: an example of weight 2 is two.

    Everything is derived from the components' local Jacobians and the cost's Hessian, for any graph, with training
    switched off. `samples` replaces the exact sum over the columns of the Hessian's root by that many random vectors
    per example, drawn from `seed`: an unbiased estimate that costs `samples` backward passes.
    """

    def __init__(self, network: Evaluated) -> None:
        self._network = network
        self._engine = network._engine

    def _point(
        self, x: Arrays, y: Arrays, sample_weight: Arrays | None
    ) -> tuple[Engine, dict[str, Array], dict[str, Array]]:
        """Return the engine of examples of this shape, with their checked inputs and targets."""
        inputs, targets = self._network._samples(x, y, sample_weight)
        return self._engine.at(inputs), inputs, targets

    @evaluation
    def gauss_newton_diagonal(
        self,
        x: Arrays,
        y: Arrays,
        samples: int | None = None,
        seed: int = 0,
        *,
        sample_weight: Arrays | None = None,
    ) -> ParameterVector:
        """Return the diagonal of the Gauss–Newton matrix 1/N Σ_n J_nᵀ H_n J_n + ∂²R/∂θ², by path and as one vector.

        Errors: DerivativeError for a cost without a Hessian root; BatchCoupledError that names a node whose component
        couples the examples.

        Source: Dangel, Kunstner and Hennig, BackPACK: Packing more into Backprop (2020), eqs. (19), (20).
        """
        found = gauss_newton_diagonal(*self._point(x, y, sample_weight), samples, seed)
        self._penalties().add_diagonal(found.views)
        return found

    @evaluation
    def fisher_diagonal(
        self,
        x: Arrays,
        y: Arrays,
        samples: int | None = None,
        seed: int = 0,
        *,
        sample_weight: Arrays | None = None,
    ) -> ParameterVector:
        """Return the diagonal of the Fisher information: that of the Gauss–Newton matrix, where the two agree.

        Errors: those of `gauss_newton_diagonal`; DerivativeError that names a cost whose `hessian` asks for `y`.

        Source: Martens, New Insights and Perspectives on the Natural Gradient Method (2020), section 9.
        """
        check_fisher(self._network.graph)
        return gauss_newton_diagonal(*self._point(x, y, sample_weight), samples, seed)

    @evaluation
    def empirical_fisher_diagonal(
        self, x: Arrays, y: Arrays, *, sample_weight: Arrays | None = None
    ) -> ParameterVector:
        """Return 1/N Σ_n g_n², entry by entry, of the gradients g_n of each example's cost.

        It is no estimate of the Fisher information: it takes the targets as they are, not as the model would draw them.

        Errors: BatchCoupledError that names a node whose component couples the examples; DerivativeError for examples
        that count differently in several outputs.

        Source: Kunstner, Balles and Hennig, Limitations of the Empirical Fisher Approximation (2019), eq. (3).
        """
        return empirical_fisher_diagonal(*self._point(x, y, sample_weight))

    @evaluation
    def hessian_diagonal(self, x: Arrays, y: Arrays, *, sample_weight: Arrays | None = None) -> ParameterVector:
        """Return the diagonal of the Hessian ∂²C/∂θ², exact, on any graph.

        What bends on the way adds to the diagonal of the Gauss–Newton matrix, in squares with signs. It costs about as
        many backward passes as there are entries of activations with σ'' ≠ 0, and for a parameter that several nodes
        share, as many products with the Hessian as it has entries.

        Errors: DerivativeError that names a cost without hessian, or a node that bends and declares no second order;
        BatchCoupledError that names a node whose component couples the examples.

        Source: Dangel, Kunstner and Hennig, BackPACK: Packing more into Backprop (2020), appendix A.3, for chains.
        """
        found = hessian_diagonal(*self._point(x, y, sample_weight))
        self._penalties().add_diagonal(found.views)
        return found

    @evaluation
    def gauss_newton_blocks(
        self,
        x: Arrays,
        y: Arrays,
        by: By = "parameter",
        memory_limit: int | None = None,
        *,
        sample_weight: Arrays | None = None,
    ) -> dict[str, Array]:
        """Return the diagonal blocks of the Gauss–Newton matrix, exact and written out: (p, p) by path, or by node.

        Rows and columns are in C order; with `by="node"` a node's parameters follow one another, those that several
        nodes share under the node that owns them.

        Errors: MemoryLimitError where all blocks together take more than `memory_limit` bytes; DerivativeError for a
        cost without a Hessian root; BatchCoupledError.
        """
        return gauss_newton_blocks(*self._point(x, y, sample_weight), by, memory_limit)

    @evaluation
    def kfac(
        self,
        x: Arrays,
        y: Arrays,
        samples: int | None = None,
        seed: int = 0,
        weight_sharing: WeightSharing = "expand",
        memory_limit: int | None = None,
        *,
        sample_weight: Arrays | None = None,
    ) -> KroneckerFactors:
        """Return Kronecker factors of the Gauss–Newton blocks, one block per parameter: G_θθ ≈ B ⊗ A.

            A = 1/N Σ_n a_n a_nᵀ,    B = 1/N Σ_n Σ_r e_{n,r} e_{n,r}ᵀ,    J_nᵀ s_{n,r} = e_{n,r} a_nᵀ

        Where several places of an example share a weight (time, the places of a kernel, several nodes), "expand" takes
        them as examples of their own and "reduce" adds them first. "expand" is exact for deep linear networks whose
        cost is a sum over the places, "reduce" for those that average over them. A parameter whose operator knows no
        outer products gets its exact block, with A = [[1]]. Penalties are in `ridge`, beside the factors.

        Errors: MemoryLimitError that names a parameter whose factor takes more than `memory_limit` bytes;
        DerivativeError for a cost without a Hessian root; BatchCoupledError.

        Source: Martens and Grosse (2015); Botev, Ritter and Barber (2017) for exact columns; Eschenhagen, Immer,
        Turner, Schneider and Hennig (2023) for shared weights. See `bpframe.derivatives.curvature.kfac`.
        """
        network = self._network
        engine, inputs, targets = self._point(x, y, sample_weight)
        points = (point for _, point in Portions(engine, inputs, targets).in_turn("curvature"))
        ridge = self._penalties().multiples()
        return kronecker_factors(points, network.parameters, samples, seed, weight_sharing, memory_limit, ridge)

    def _penalties(self) -> PenaltyHessian:
        return PenaltyHessian(Penalties(self._network.graph.penalties), self._network.parameters)
