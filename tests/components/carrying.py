"""A layer with state that starts from numbers, from an array, and from a random stream."""

import numpy as np

from bpframe.extend import IdentityMap, Initializer, Layer, State

TABLE = np.arange(6.0).reshape(2, 3)


class Uniform(Initializer):
    """Uniform in [0, 1), over the square root of the fan-in."""

    def draw(self, shape, fan_in, rng):
        return rng.random(shape) / np.sqrt(fan_in)


class Carrying(Layer):
    """y = x, with state of every kind."""

    def initial_state(self, shape):
        return {
            "number": State((2,), init=3),
            "table": State((2, 3), init=TABLE),
            "drawn": State((2, 4), init=Uniform()),
            "scalar": State((), init=np.float32(0.5)),
        }

    def forward(self, x, state):
        return x, state

    def jacobian(self):
        return IdentityMap()
