"""Learning rates that change while a network is trained."""

from __future__ import annotations

import math
from typing import Literal

from bpframe.extend import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Schedule

__all__ = ["Cosine", "Step"]

#: What a schedule counts.
Count = Literal["epoch", "step"]


class Step(Schedule):
    """The same number for a while, then a part of it, and so on.

        η_t = η_0 f^⌊t / n⌋

    for t epochs, or steps, that are over.

    Source: He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2016), section 3.4: f = 1/10.
    """

    start: PositiveFloat = Field(allow_inf_nan=False, description="η_0, the first number.")
    factor: PositiveFloat = Field(0.1, le=1.0, description="f, by which it is multiplied each time.")
    every: PositiveInt = Field(description="n, how long it stays the same.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        return float(self.start * self.factor ** ((epoch if self.by == "epoch" else step) // self.every))


class Cosine(Schedule):
    """Half a period of a cosine, from a start down to an end, where it stays; with a straight way up before it.

        η_t = η_end + ½ (η_start − η_end) (1 + cos(π (t − w) / (n − w)))      for w <= t <= n
        η_t = η_start (t + 1) / (w + 1)                                        for t < w

    for t epochs, or steps, that are over; of n, the first w warm up.

    Source: Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts* (2017), eq. (5), without
    restarts; Goyal et al., *Accurate, Large Minibatch SGD* (2017), section 2.2: gradual warm-up.
    """

    start: PositiveFloat = Field(allow_inf_nan=False, description="η_start, the largest number.")
    end: NonNegativeFloat = Field(0.0, allow_inf_nan=False, description="η_end, the last number.")
    over: PositiveInt = Field(description="n, when the end is reached.")
    warm_up: NonNegativeInt = Field(0, description="w, how long it rises first.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        if t < self.warm_up:
            return self.start * (t + 1) / (self.warm_up + 1)
        share = min(1.0, (t - self.warm_up) / max(1, self.over - self.warm_up))
        return self.end + 0.5 * (self.start - self.end) * (1.0 + math.cos(math.pi * share))
