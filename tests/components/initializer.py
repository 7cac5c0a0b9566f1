"""Small uniform numbers."""

import numpy as np

from bpframe.extend import Array, Initializer, PositiveFloat


class UniformInitializer(Initializer):
    """Independent uniform numbers in (−scale, scale), divided by √fan_in."""

    scale: PositiveFloat = 1.0

    def draw(self, shape: tuple[int, ...], fan_in: int, rng: np.random.Generator) -> Array:
        return rng.uniform(-self.scale, self.scale, shape) / np.sqrt(max(fan_in, 1))
