"""One optimizer with a state, entry by entry, and one that looks at the whole gradient."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveFloat


class Momentum(Optimizer):
    """Keep some of the last step.

        v ← μ v − η ∂C/∂w,    Δw = v

    Source: Polyak (1964); Sutskever et al. (2013), eqs. (1), (2).
    """

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat
    momentum: float = Field(0.9, ge=0, lt=1)

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        return {"v": np.zeros_like(parameters)}

    def update(self, gradient: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        v = self.momentum * state["v"] - self.learning_rate * gradient
        return v, {"v": v}


class NormalisedGradient(Optimizer):
    """Steps of one length against the gradient, which shrinks as steps are taken.

        Δw = −η / (1 + step) · g / ‖g‖

    The whole vector counts, so it is not elementwise. Its state is the gradient before.
    """

    learning_rate: PositiveFloat

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        return {"before": np.zeros_like(parameters)}

    def update(self, gradient: Array, step: int, state: dict[str, Array], out: Array) -> tuple[Array, dict[str, Array]]:
        length = float(np.linalg.norm(gradient)) or 1.0
        return np.multiply(gradient, -self.learning_rate / (1 + step) / length, out=out), {"before": gradient}
