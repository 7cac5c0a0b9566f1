"""Rules that carry state of every kind, for tests of what lasts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Optimizer, PositiveFloat


class Adam(Optimizer):
    """Adam, with the step that it is told: D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1."""

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat = 0.01

    def initial_state(self, parameters):
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters)}

    def update(self, gradient, state, step):
        m = 0.9 * state["m"] + 0.1 * gradient
        v = 0.999 * state["v"] + 0.001 * gradient**2
        scale = np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8
        return -self.learning_rate * (m / (1 - 0.9 ** (step + 1))) / scale, {"m": m, "v": v}


class Drawing(Optimizer):
    """Moves along fixed random directions, kept in a state of another shape, and counts in a number."""

    learning_rate: PositiveFloat = 0.01

    def initial_state(self, parameters, rng):
        return {"directions": rng.standard_normal((3, parameters.size)).astype(parameters.dtype), "count": np.zeros(())}

    def update(self, gradient, state):
        direction = state["directions"][int(state["count"]) % 3]
        change = -self.learning_rate * (gradient @ direction) * direction
        return change.astype(gradient.dtype), {**state, "count": state["count"] + 1}


class Swapping(Optimizer):
    """Two vectors change places in every step: the old gradient is taken."""

    elementwise: ClassVar[bool] = True

    def initial_state(self, parameters):
        return {"a": np.zeros_like(parameters), "b": np.ones_like(parameters)}

    def update(self, gradient, state):
        return -0.01 * (gradient + 0.1 * state["a"]), {"a": state["b"], "b": state["a"]}
