"""Optimizers: how a gradient becomes a change of the parameters, or how the cost is minimised."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component

__all__ = ["Optimizer"]


class Optimizer(Component):
    """A rule that turns the gradient into a change Δθ of all parameters, or a method that drives itself.

    It declares one of the two:

    `update(self, gradient, ...)`
        Returns Δθ for the gradient of a mini-batch's mean cost, a vector like `gradient`, (P,). It may ask for
        `parameters` (θ, read only), `step` (0 for the first), `out` (a buffer for Δθ) and `state`; with `state` it
        returns `(Δθ, new_state)`.
    `minimize(self, problem)`
        Moves the parameters of a `Problem` itself, iteration by iteration, and returns nothing. For methods that need
        more than a gradient: costs at trial points, residuals and their Jacobian, curvature.

    `initial_state(self, parameters)`
        Optional, with `update`. Mapping from names to arrays, before the first step.
    """

    _suffix: ClassVar[str] = "Optimizer"

    _example: ClassVar[str] = "GradientDescent(learning_rate=0.1)"

    _keeping: ClassVar[str] = (
        "what lasts from step to step goes into `state`, which initial_state declares and update asks for and returns: "
        "(Δθ, new_state); minimize has variables of its own"
    )

    #: Whether each entry of Δθ depends only on the same entry of the gradient, the parameters and the state's
    #: vectors. The trainer then works through long vectors in blocks that stay in the processor's cache.
    elementwise: ClassVar[bool] = False

    #: Whether `minimize` goes through mini-batches, `problem.batches()`; one that does not is given no batch size.
    batches: ClassVar[bool] = False
