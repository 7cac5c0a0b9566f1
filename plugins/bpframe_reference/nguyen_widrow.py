"""A start at which the units of a layer share the inputs out among themselves."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Field, Initializer, PositiveFloat

__all__ = ["NguyenWidrow"]

#: Less than 1, so that the steep parts of neighbours overlap.
OVERLAP = 0.7


class NguyenWidrow(Initializer):
    """Weights and biases such that the steep parts of a layer's units lie evenly over inputs in [−1, 1].

        w_j = β d_j,    b_j = β (2j − n − 1) / (n − 1),    ‖d_j‖ = 1,    β = 0.7 s n^{1/r}

    for units j = 1, ..., n with r inputs. The directions d_j are random, and their first entry is not negative: where
    the activation is odd but for a constant, as tanh and the sigmoid are, a unit of −w, −b is that of w, b with another
    sign of the weights that follow. With one input, unit j is then steepest at x = −b_j / β.

    For a layer's weights and for its biases, with the same `active`: what has one axis are biases. The bias of a unit
    alone is 0.

    Shapes: weights (n, *inputs), biases (n,), both with a `fan_in` of r.

    Source: Nguyen and Widrow, *Improving the learning speed of 2-layer neural networks by choosing initial values of
    the adaptive weights* (1990); evenly spaced biases in place of random ones are those of MATLAB's `initnw`.
    """

    active: PositiveFloat = Field(
        1.0, description="s: how far from 0 the activation is steep; 1 for tanh, 2 for the sigmoid."
    )

    def draw(self, shape: tuple[int, ...], fan_in: int, rng: np.random.Generator) -> Array:
        """Draw weights, or return biases."""
        units = shape[0] if shape else 1
        length = OVERLAP * self.active * units ** (1 / max(fan_in, 1))
        if len(shape) < 2:
            return (length * np.linspace(-1.0, 1.0, units) if units > 1 else np.zeros(units)).reshape(shape)
        directions = rng.standard_normal(shape)
        axes = tuple(range(1, len(shape)))
        first = directions[(slice(None), *(slice(1),) * len(axes))]
        signs = np.where(first < 0, -1.0, 1.0)
        weights: Array = directions * (length * signs / np.sqrt(np.square(directions).sum(axis=axes, keepdims=True)))
        return weights
