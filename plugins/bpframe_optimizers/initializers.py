"""Where weights start whatever they are multiplied with: zeros, a constant, cut normal numbers."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Field, FiniteFloat, Initializer, PositiveFloat

__all__ = ["Constant", "TruncatedNormal", "Zeros"]


class Zeros(Initializer):
    """Every entry starts at 0.

    Of weights it makes all neurons of a layer alike, and they stay so; biases start here unless a layer says otherwise.

    Source: Rumelhart, Hinton and Williams, Learning Representations by Back-Propagating Errors (1986), on symmetry.
    """

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Return zeros."""
        return np.zeros(shape)


class Constant(Initializer):
    """Every entry starts at one number.

    Such as 1 for the bias of an LSTM's forget gate.

    Source: Jozefowicz, Zaremba and Sutskever, An Empirical Exploration of Recurrent Network Architectures (2015),
    section 2.2, for that bias.
    """

    value: FiniteFloat = Field(description="Where every entry starts.")

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Return an array of this number."""
        return np.full(shape, self.value)


class TruncatedNormal(Initializer):
    """Normal numbers of which none is far out.

        w = s z,    z ~ N(0, 1) given |z| ≤ c

    s is the standard deviation before the cut; after one at c = 2, that of w is 0.8796 s.

    Source: Dosovitskiy et al., An Image is Worth 16x16 Words (2021), whose code starts with s = 0.02, c = 2.
    """

    scale: PositiveFloat = Field(0.02, description="s, the standard deviation before the cut.")
    cut: PositiveFloat = Field(2.0, description="c, in standard deviations.")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Draw by the inverse of the distribution function."""
        from scipy.special import ndtr, ndtri

        tail = ndtr(-self.cut)
        drawn = ndtri(rng.uniform(tail, 1 - tail, shape))
        cut: Array = self.scale * np.clip(drawn, -self.cut, self.cut)
        return cut
