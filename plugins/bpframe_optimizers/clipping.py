"""Clipping: gradients that are too large are made smaller, before any rule sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, ParameterPart, PositiveFloat
from bpframe_optimizers.fields import Rule

__all__ = ["ClipGlobalNorm", "ClipNorm", "ClipValue"]


class ClipValue(Optimizer):
    """Entries of the gradient are cut to [−c, c].

        Δθ = rule(min(max(g, −c), c))

    The clipped gradient points elsewhere; `clip_global_norm` keeps its direction.

    Source: Mikolov, *Statistical Language Models Based on Neural Networks* (2012), section 3.2.2.
    """

    elementwise: ClassVar[bool] = True
    pure: ClassVar[bool | None] = True

    value: PositiveFloat = Field(description="c, the largest size of an entry.")
    optimizer: Optimizer = Field(description="The rule that is handed the clipped gradient.")

    def update(self, gradient: Array, optimizer: Rule, out: Array) -> Array:
        """Return Δθ of the rule."""
        return optimizer(np.clip(gradient, -self.value, self.value, out=out))


class ClipNorm(Optimizer):
    """The gradient of each parameter is made no longer than c.

        Δθ = rule(..., min(1, c / ‖g_i‖) g_i, ...)                              for the parameters i

    Source: Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013), algorithm 1,
    parameter by parameter.
    """

    pure: ClassVar[bool | None] = True

    norm: PositiveFloat = Field(description="c, the largest length.")
    optimizer: Optimizer = Field(description="The rule that is handed the clipped gradient.")

    def update(self, gradient: Array, groups: Mapping[str, ParameterPart], optimizer: Rule, out: Array) -> Array:
        """Return Δθ of the rule."""
        for part in groups.values():
            one = part.of(gradient)
            np.multiply(one, shrinking(one, self.norm), out=part.of(out))
        return optimizer(out)


class ClipGlobalNorm(Optimizer):
    """The gradient of all parameters together is made no longer than c, and keeps its direction.

        Δθ = rule(min(1, c / ‖g‖) g)

    ‖g‖ runs over all parameters that are trained, whatever groups they are in. `torch.nn.utils.clip_grad_norm_` divides
    by ‖g‖ + 10⁻⁶.

    Source: Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013), algorithm 1.
    """

    pure: ClassVar[bool | None] = True

    norm: PositiveFloat = Field(description="c, the largest length.")
    optimizer: Optimizer = Field(description="The rule that is handed the clipped gradient.")

    def update(self, gradient: Array, optimizer: Rule, out: Array) -> Array:
        """Return Δθ of the rule."""
        factor = shrinking(gradient, self.norm)
        return optimizer(gradient if factor == 1 else np.multiply(gradient, factor, out=out))


def shrinking(gradient: Array, norm: float) -> float:
    """Return min(1, c / ‖g‖), also where the squares of g are beyond its dtype."""
    largest = float(np.abs(gradient).max(initial=0.0))
    if largest == 0:
        return 1.0
    scaled = gradient.ravel() / largest
    return min(1.0, norm / (largest * float(np.sqrt(np.dot(scaled, scaled)))))
