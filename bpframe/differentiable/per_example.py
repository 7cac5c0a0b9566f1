"""Gradients of the single examples' costs: written out, or what can be known without that."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np

from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.per_example.gradients import clipped_gradient, gradients, gram, squared_norms, variance
from bpframe.derivatives.per_example.parameter_matrix import ParameterMatrix
from bpframe.derivatives.points.counted_alike import sum_of_weights
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.second_order.in_portions import unknown
from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.validation.plain_arrays import Array

__all__ = ["PerExample"]


class PerExample:
    """The gradients g_n = ∂C_n/∂θ of a network's cost, one example apart from another: `network.per_example`.

    A parameter's operator pulls the error back to a sum of outer products, g_n = Σ_l e_{n,l} a_{n,l}ᵀ, BP4 before the
    sum over the examples. All but `gradients` compute with those, and write nothing of size (examples × parameters);
    large batches go through in portions. The mean of g_n is `network.gradient`.

    With `sample_weight`, as in `network.cost`, g_n is the gradient of w_n C_n, and Σ g_n / Σ w_n the network's. Of a
    cost that asks for weights of positions, as Huber's and cross-entropies do, C_n is the sum over an example's own
    positions, and Σ w_n runs over all of them: without weights it is their number.

    Of several outputs C_n is the sum of their costs, each with its weights; Σ w_n has to be the same for all of them,
    or g_n would add up to no multiple of the network's gradient: a DerivativeError, which says with what to multiply.

    `training` says whether components behave as in training (dropout). All errors: BatchCoupledError that names a node
    whose component couples the examples, as batch statistics do.
    """

    def __init__(self, network: Evaluated) -> None:
        self._network = network
        self._engine = network._engine

    @evaluation
    def gradients(
        self,
        x: Arrays,
        y: Arrays,
        memory_limit: int | None = None,
        training: bool = False,
        *,
        sample_weight: Arrays | None = None,
    ) -> ParameterMatrix:
        """Return all g_n, written out: `matrix` (N, P), and views (N, *shape) by parameter path.

        Errors: MemoryLimitError where they take more than `memory_limit` bytes (1 GiB).
        """
        return gradients(self._examples(x, y, training, sample_weight), self._network.parameters, memory_limit)

    @overload
    def squared_norms(
        self, x: Arrays, y: Arrays, by: None = None, training: bool = False, *, sample_weight: Arrays | None = None
    ) -> Array: ...

    @overload
    def squared_norms(
        self,
        x: Arrays,
        y: Arrays,
        by: Literal["parameter"],
        training: bool = False,
        *,
        sample_weight: Arrays | None = None,
    ) -> dict[str, Array]: ...

    @evaluation
    def squared_norms(
        self,
        x: Arrays,
        y: Arrays,
        by: Literal["parameter"] | None = None,
        training: bool = False,
        *,
        sample_weight: Arrays | None = None,
    ) -> Array | dict[str, Array]:
        """Return ‖g_n‖², (N,); with `by="parameter"` of each parameter's part, by path.

        Source: Goodfellow, Efficient Per-Example Gradient Computations (2015).
        """
        if by not in (None, "parameter"):
            raise unknown("by", by, ("parameter",))
        found = squared_norms(self._examples(x, y, training, sample_weight), self._network.parameters)
        if by == "parameter":
            return found
        total: Array = np.add.reduce(list(found.values()))
        return total

    @evaluation
    def gram(
        self,
        x: Arrays,
        y: Arrays,
        memory_limit: int | None = None,
        training: bool = False,
        *,
        sample_weight: Arrays | None = None,
    ) -> Array:
        """Return all inner products ⟨g_n, g_k⟩, (N, N).

        Errors: MemoryLimitError where they take more than `memory_limit` bytes (1 GiB).
        """
        return gram(self._examples(x, y, training, sample_weight), self._network.parameters, memory_limit)

    @evaluation
    def clipped_gradient(
        self,
        x: Arrays,
        y: Arrays,
        max_norm: float,
        noise_multiplier: float = 0.0,
        seed: int | np.random.Generator | None = None,
        training: bool = False,
        *,
        sample_weight: Arrays | None = None,
    ) -> ParameterVector:
        """Return the mean of gradients made at most `max_norm` long, plus Gaussian noise: a step of DP-SGD.

            ĝ = 1/N (Σ_n min(1, c/‖g_n‖) g_n + ν),    ν ~ N(0, (s c)² I),    c = max_norm, s = noise_multiplier

        With weights no example moves the sum by more than c either, and N is Σ w_n. Noise needs a `seed`: a generator,
        which goes on from call to call, or an integer, which gives the same noise in every call.

        Errors: DerivativeError for a `max_norm` or `noise_multiplier` that is no such number; for noise without seed.

        Source: Abadi et al., Deep Learning with Differential Privacy (2016), algorithm 1.
        """
        examples = self._examples(x, y, training, sample_weight)
        return clipped_gradient(examples, self._network.parameters, max_norm, noise_multiplier, seed)

    @evaluation
    def variance(
        self, x: Arrays, y: Arrays, ddof: int = 0, training: bool = False, *, sample_weight: Arrays | None = None
    ) -> ParameterVector:
        """Return the variance of every entry of g_n over the examples, (Σ_n g_n² − N ḡ²) / (N − ddof), by path.

        Here a weight says how often an example counts: g_n is ∂C_n/∂θ, and Σ_n w_n stands for N.

        Errors: DerivativeError where N − ddof is not positive, or weights differ in their sum between outputs.
        """
        return variance(self._examples(x, y, training, sample_weight), self._network.parameters, ddof)

    def _examples(self, x: Arrays, y: Arrays, training: bool, sample_weight: Arrays | None) -> Portions:
        inputs, targets = self._network._samples(x, y, sample_weight, mean=False)
        sum_of_weights(self._engine.graph, targets, len(next(iter(inputs.values()))))
        return Portions(self._engine.at(inputs), inputs, targets, training)
