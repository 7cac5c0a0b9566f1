"""How the outputs of a network bend along a step of its parameters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.core.backprop.jvp import jvp
from bpframe.core.graph.parameters import views_of
from bpframe.derivatives.points.at_theta import Passes
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.validation.plain_arrays import Array

__all__ = ["bent_outputs"]


#: h: the share of a step over which it is measured.
SHARE = 0.1

#: How many roundings of its terms a difference is long that counts as zero.
ROUNDINGS = 8


def bent_outputs(
    passes: Passes, ahead: Passes, theta: Array, step: Array
) -> Iterator[tuple[Linearisation, dict[str, Array]]]:
    """Yield the examples at θ in portions, each with H_n f̈_n by output, (N, *output).

        f̈ = ∂²f/∂θ² [v, v] ≈ 2/h² (f(θ + hv) − f(θ) − h J v)

    for the outputs f, a step v and the Hessian H of each example's cost in the outputs. `ahead` are passes over the
    same examples, for θ + hv. NaN and infinity are returned, not raised.

    Source: Transtrum and Sethna, Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares
    minimization (2012), where f are the residuals.
    """
    each = 2 * passes.bytes_each
    eps = np.finfo(passes.parameters.vector.dtype).eps
    for (point, _), (moved, _) in zip(passes.at(theta, each), ahead.at(theta + SHARE * step, each), strict=True):
        pushed = jvp(point.trace, {}, views_of(step, passes.parameters.shapes))
        seeds = {}
        for output, hessian in point.hessians.items():
            here, there = point.trace[output], moved.trace[output]
            bent = there - here - SHARE * pushed[output]
            bent[np.abs(bent) <= ROUNDINGS * eps * (np.abs(here) + np.abs(there))] = 0
            seeds[output] = hessian.jvp(bent * (2 / SHARE**2))
        yield point, seeds
