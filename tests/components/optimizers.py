"""An optimizer that looks at the whole gradient, keeps it, and shrinks its steps itself."""

import numpy as np

from bpframe.extend import Array, Optimizer, PositiveFloat


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
