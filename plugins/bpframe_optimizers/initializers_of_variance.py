"""Where weights start so that layers keep the variance of what goes through them: Glorot, He, LeCun."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Field, FiniteFloat, Initializer, PositiveFloat

__all__ = ["Glorot", "He", "Lecun"]

Distribution = Literal["normal", "uniform"]

_DISTRIBUTION = "Normal numbers, or uniform ones of the same variance."


class Glorot(Initializer):
    """Keep the variance on the way forward and on the way back, as well as one number can do both.

        Var w = 2 g²/(n_in + n_out)

    For activations that are about linear near 0, such as tanh. Uniform numbers lie within ±g √(6/(n_in + n_out)).
    PyTorch calls it Xavier; Keras cuts its normal numbers at two standard deviations.

    Source: Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010),
    eqs. (12) and (16).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("xavier", "xavier_normal", "xavier_uniform")

    distribution: Distribution = Field("uniform", description=_DISTRIBUTION)
    gain: PositiveFloat = Field(1.0, description="g, what an activation asks for; 5/3 for tanh.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return _drawn(shape, self.gain * math.sqrt(2 / max(fan_in + fan_out, 1)), self.distribution, rng)


class He(Initializer):
    """Keep the variance through layers that are followed by relu, or by one that leaks.

        Var w = 2/((1 + a²) n),    n = n_in, or n_out for the way back

    Half of what relu is handed is lost, and twice the variance makes up for it. Uniform numbers lie within
    ±√(6/((1 + a²) n)). PyTorch calls it Kaiming.

    Source: He, Zhang, Ren and Sun, Delving Deep into Rectifiers (2015), eqs. (10), (14) and (15).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("kaiming", "kaiming_normal", "kaiming_uniform")

    distribution: Distribution = Field("normal", description=_DISTRIBUTION)
    slope: FiniteFloat = Field(0.0, description="a, the slope of the activation below 0.")
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="On which way the variance stays: n_in, n_out.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        count = fan_in if self.mode == "fan_in" else fan_out
        return _drawn(shape, math.sqrt(2 / ((1 + self.slope**2) * max(count, 1))), self.distribution, rng)


class Lecun(Initializer):
    """Keep the variance of weighted inputs: of normal numbers, what every shipped layer starts with.

        Var w = 1/n_in

    For selu, which needs it, and for sums that nothing bends. Uniform numbers lie within ±√(3/n_in).

    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), eq. (16); Klambauer et al., Self-Normalizing
    Neural Networks (2017), section 3.
    """

    distribution: Distribution = Field("normal", description=_DISTRIBUTION)

    def draw(self, shape: tuple[int, ...], fan_in: int, rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return _drawn(shape, math.sqrt(1 / max(fan_in, 1)), self.distribution, rng)


def _drawn(shape: tuple[int, ...], deviation: float, distribution: str, rng: np.random.Generator) -> Array:
    """Draw numbers of mean 0 and a standard deviation."""
    if distribution == "normal":
        return rng.standard_normal(shape) * deviation
    limit = math.sqrt(3) * deviation
    return rng.uniform(-limit, limit, shape)
