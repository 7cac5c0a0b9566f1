"""Normal noise that is added in training."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Field, IdentityMap, NonNegativeFloat, Operator

__all__ = ["GaussianNoise"]


class GaussianNoise(Activation):
    """In training, add independent normal numbers.

        y = x + s n,    n ~ N(0, 1);    ∂y/∂x = 1

    Outside training y = x. The numbers come from a random stream of this node's own. Of a small s, training with noise
    on the inputs is, on average, a penalty on the slopes of the network.

    Shapes: x (N, *features) -> y, the same. Jacobian: the identity.

    Source: Bishop, Training with Noise is Equivalent to Tikhonov Regularization (1995), section 2.
    """

    scale: NonNegativeFloat = Field(description="s, the standard deviation of what is added.")

    def forward(self, x: Array, training: bool, rng: np.random.Generator, out: Array) -> Array:
        """Return x + s n in training, else x."""
        if not training:
            return x
        noise = self.scale * rng.standard_normal(x.shape)
        noisy: Array = np.add(x, noise.astype(x.real.dtype), out=out)
        return noisy

    def jacobian(self) -> Operator:
        """Return the identity."""
        return IdentityMap()
