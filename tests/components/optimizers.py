"""Optimizers with a state: entry by entry, with a schedule, and one that looks at the whole gradient."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveFloat, Schedule


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


class Adam(Optimizer):
    """Steps by running means of the gradient and its square, with a decay of the parameters apart from both.

        m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²,    Δθ = −η (m̂ / (√v̂ + ε) + λ θ),  without the bias of m and v

    Source: Kingma and Ba, Adam (2015), algorithm 1; Loshchilov and Hutter (2019), algorithm 2, for λ.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat | Schedule = Field(0.001, description="η, or how it changes with the steps.")
    beta_1: float = Field(0.9, ge=0, lt=1, description="How much of m stays in a step.")
    beta_2: float = Field(0.999, ge=0, lt=1, description="How much of v stays in a step.")
    epsilon: PositiveFloat = Field(1e-8, description="Keeps the division finite where v is 0.")
    decay: float = Field(0.0, ge=0, description="λ; 0 for none.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters)}

    def update(
        self, gradient: Array, parameters: Array, state: dict[str, Array], step: int, learning_rate: float
    ) -> tuple[Array, dict[str, Array]]:
        m = self.beta_1 * state["m"] + (1 - self.beta_1) * gradient
        v = self.beta_2 * state["v"] + (1 - self.beta_2) * gradient**2
        size = np.sqrt(v / (1 - self.beta_2 ** (step + 1))) + self.epsilon
        moved = m / (1 - self.beta_1 ** (step + 1)) / size + self.decay * parameters
        return -learning_rate * moved, {"m": m, "v": v}


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
