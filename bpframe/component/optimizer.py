"""Optimizers: how a gradient becomes a change of the parameters."""

from __future__ import annotations

from typing import ClassVar

from bpframe.component.base import Component

__all__ = ["Optimizer"]


class Optimizer(Component):
    """A rule that turns the gradient of the mean cost into a change Δθ of all parameters at once.

    `update(self, gradient, ...)`
        Returns Δθ, a vector like `gradient`, (P,). It may ask for `parameters` (θ, read only), `step` (0 for the
        first), `out` (a buffer for Δθ) and `state`; with `state` it returns `(Δθ, new_state)`.
    `initial_state(self, parameters)`
        Optional. Mapping from names to arrays, before the first step.
    """

    _suffix: ClassVar[str] = "Optimizer"

    #: Whether each entry of Δθ depends only on the same entry of the gradient, the parameters and the state's
    #: vectors. The trainer then works through long vectors in blocks that stay in the processor's cache.
    elementwise: ClassVar[bool] = False
